/**
 * Finds the role that a command line names: its first word that is not an option. Options of all commands
 * and of all roles may come before it.
 */
import { GLOBAL_OPTIONS } from './global-options.ts';
import type { Options } from './option.ts';
import { ROLES } from './roles/all.ts';

export interface RoleArguments {
  readonly role: string | undefined;
  /** Arguments for the role; options before the role's name are included. */
  readonly rest: string[];
}

/** Options that take a value as the next argument. */
const WITH_VALUE: ReadonlySet<string> = new Set(
  [GLOBAL_OPTIONS, ...[...ROLES.values()].map(({ options }) => options)].flatMap(withValueIn),
);

export function roleOf(argv: readonly string[]): RoleArguments {
  let at = 0;
  while (argv[at]?.startsWith('-')) at += WITH_VALUE.has(argv[at] ?? '') ? 2 : 1;
  const [role, ...rest] = argv.slice(at);
  return { role, rest: [...argv.slice(0, at), ...rest] };
}

/** Returns true when the help of a role is requested, rather than the role itself. */
export function wantsRoleHelp({ role = '', rest }: RoleArguments): boolean {
  const end = rest.indexOf('--');
  const options = end < 0 ? rest : rest.slice(0, end);
  return ROLES.has(role) && (options.includes('--help') || options.includes('-h'));
}

function withValueIn(options: Options): string[] {
  return Object.entries(options).flatMap(([name, { value }]) => (value === undefined ? [] : [`--${name}`]));
}
