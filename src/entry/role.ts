/**
 * Finds the role that a command line names: its first word that is not an option. Options that all
 * commands accept may come before it.
 */

export interface RoleWords {
  readonly role: string | undefined;
  /** Arguments for the role; options before the role's name are included. */
  readonly rest: string[];
}

/** Options that take a value as the next argument. */
const WITH_VALUE: ReadonlySet<string> = new Set(['--server', '--run', '--ca', '--token-file', '--config']);

export function roleOf(argv: readonly string[]): RoleWords {
  let at = 0;
  while (argv[at]?.startsWith('-')) at += WITH_VALUE.has(argv[at] ?? '') ? 2 : 1;
  const [role, ...rest] = argv.slice(at);
  return { role, rest: [...argv.slice(0, at), ...rest] };
}
