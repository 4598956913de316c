/** Which role a command line names: the first word that is no option, also behind options that every verb takes. */

export interface RoleWords {
  readonly role: string | undefined;
  /** What the role gets; options in front of it count as if they came behind. */
  readonly rest: string[];
}

/** Options whose next word is their value. */
const VALUED: ReadonlySet<string> = new Set(['--server', '--run', '--ca', '--token-file', '--config']);

export function roleOf(argv: readonly string[]): RoleWords {
  let at = 0;
  while (argv[at]?.startsWith('-')) at += VALUED.has(argv[at] ?? '') ? 2 : 1;
  const [role, ...rest] = argv.slice(at);
  return { role, rest: [...argv.slice(0, at), ...rest] };
}
