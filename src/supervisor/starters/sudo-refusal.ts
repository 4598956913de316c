/**
 * Finds out why sudo has not run the command that starts a link. With -n, sudo says "a password is required"
 * whether there is no rule at all, one for other accounts or another path, or one without NOPASSWD; what the
 * server may run (sudo -l) tells these apart. The administrator reads the reason in the log; the user learns
 * only what concerns their own account.
 */
import { runProgram } from '../../system/run-program.ts';

export type SudoReason =
  /** The rules let the server start links, but not of this account. */
  | 'not-allowed'
  /** There is no rule for the command, or none that sudo could read. */
  | 'no-rule'
  /** The rule is for the program at another path. */
  | 'other-path'
  /** The rule lacks NOPASSWD. */
  | 'password'
  | 'unknown-user'
  | 'program-missing'
  | 'terminal'
  | 'rules-broken';

export interface SudoRefusal {
  readonly reason: SudoReason;
  /** Explanation for the administrator, with what to do. */
  readonly text: string;
}

/** Messages of sudo 1.9 that say enough by themselves. */
const MESSAGES: readonly (readonly [RegExp, SudoReason, string])[] = [
  [
    /\bsyntax error\b|\bparse error\b|is owned by uid|is world writable|bad permissions/i,
    'rules-broken',
    'sudo cannot use a file of rules: visudo --check',
  ],
  [/^sudo: unknown user/m, 'unknown-user', 'sudo knows no such user: compare nsswitch.conf(5)'],
  [/command not found$/m, 'program-missing', 'sudo cannot run the program at this path'],
  [/you must have a tty/, 'terminal', 'the rules require a terminal: Defaults:latchkey !requiretty'],
];
const ASKS = /a password is required/;
const INSTALL = 'install the rules of: latchkey config sudoers';

/**
 * Returns why sudo, which said `stderr`, has not run `command` as the user `name`; undefined when it has run
 * it, or the reason is not known. `sudo` is its path.
 */
export async function sudoRefusal(
  stderr: string,
  name: string,
  command: readonly string[],
  sudo: string,
): Promise<SudoRefusal | undefined> {
  const known = MESSAGES.find(([message]) => message.test(stderr));
  if (known !== undefined) return { reason: known[1], text: known[2] };
  if (!ASKS.test(stderr)) return undefined;
  const list = await runProgram(sudo, ['-n', '-l']);
  if (ASKS.test(list.stderr))
    return { reason: 'no-rule', text: `the server may run nothing without a password; ${INSTALL}` };
  const one = await runProgram(sudo, ['-n', '-l', '-u', name, '--', ...command]);
  if (one.status === 0) return { reason: 'password', text: `the rule lacks NOPASSWD; ${INSTALL}` };
  return withoutRuleFor(name, command, list.stdout);
}

/** Returns why none of the rules in `list` lets the server run the command as this user. */
function withoutRuleFor(
  name: string,
  [program = '', ...words]: readonly string[],
  list: string,
): SudoRefusal {
  const argv = words.join(' ');
  const paths = [...list.matchAll(/(\/\S+) ([a-z -]+)/g)].filter(([, , rest = '']) => rest.trim() === argv);
  if (paths.some(([, path]) => path === program))
    return { reason: 'not-allowed', text: `the rules let the server start no link of ${name}` };
  const other = paths[0]?.[1];
  if (other !== undefined)
    return { reason: 'other-path', text: `the rule names ${other}, and not ${program}; ${INSTALL}` };
  return { reason: 'no-rule', text: `there is no rule for ${program} ${argv}; ${INSTALL}` };
}
