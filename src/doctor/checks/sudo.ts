/** Checks that sudo allows the daemon's user to start links for people, and nothing else. */
import { statSync } from 'node:fs';
import type { UserEntry } from '../../accounts/user-database.ts';
import { END_COMMAND, LINK_COMMAND, SUDO, SUDO_RUN_FOLDER } from '../../supervisor/starters/sudo.ts';
import { firstLine, type ProgramResult, runProgram } from '../../system/run-program.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';
import { LINK_SERVICE } from './pam-session.ts';

const VISUDO = '/usr/sbin/visudo';
const FILE = '/etc/sudoers.d/latchkey';
const COMMANDS: readonly string[] = [LINK_COMMAND.join(' '), END_COMMAND.join(' ')];
const LINE = `(ALL, !root, !#0) NOPASSWD: NOSETENV: ${COMMANDS.join(', ')}`;
const OTHER = '/bin/sh';
const WRITABLE_BY_OTHERS = 0o022;
/** Accounts to ask about, at most; several, since a rule may name a group. */
const MAX_ASKED = 20;
const found = new Findings('sudo');

export async function checkSudo(
  { account, config }: Subject,
  uid: number,
  eligible: readonly UserEntry[],
): Promise<Finding[]> {
  const why = skipReason(config, uid);
  if (why !== undefined) return [found.skipped(...why)];
  const missing = [SUDO, LINK_COMMAND[0]].flatMap(checkProgram);
  if (missing.length > 0) return missing;
  const broken = await checkFiles();
  if (broken.length > 0) return broken;
  return checkRule(account.name, account.uid === 0, eligible.slice(0, MAX_ASKED));
}

function skipReason({ mode, links, paths }: Subject['config'], uid: number): [string, string?] | undefined {
  if (mode === 'self') return ['self mode: only this user has links'];
  if (!links.sudo) return ['links.sudo is false'];
  if (paths.run !== SUDO_RUN_FOLDER)
    return [`links started by sudo only find a server in ${SUDO_RUN_FOLDER}`, 'paths.run'];
  return uid === 0 ? undefined : ['only root can ask sudo about others', 'as root: latchkey doctor'];
}

/** Only root may be able to replace the program. */
function checkProgram(path: string): Finding[] {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) {
    const remedy =
      path === SUDO ? 'apt-get install sudo; or links.sudo: false' : `install the program as ${path}`;
    return [found.problem(`${path} is missing`, remedy)];
  }
  if (entry.uid === 0 && (entry.mode & WRITABLE_BY_OTHERS) === 0) return [];
  return [
    found.problem(
      `${path} can be changed by users other than root`,
      `chown root: ${path} && chmod go-w ${path}`,
    ),
  ];
}

/** Checks syntax, modes and owners of all of sudo's files. */
async function checkFiles(): Promise<Finding[]> {
  const checked = await runProgram(VISUDO, ['--check']);
  if (checked.status === 0) return [];
  const [, file = FILE] = /^(\/[^\s:]+):/.exec(firstLine(checked)) ?? [];
  const remedy = `chown root: ${file} && chmod 0440 ${file} && visudo -f ${file}`;
  return [found.problem(`visudo --check: ${firstLine(checked)}`, remedy)];
}

async function checkRule(name: string, isRoot: boolean, eligible: readonly UserEntry[]): Promise<Finding[]> {
  const person = await someoneAllowed(name, eligible);
  if (person === undefined) {
    const [one, ...others] = eligible;
    const whom = one === undefined ? 'for anyone' : `for ${one.name} or ${others.length} other users`;
    const remedy = `in ${FILE}, mode 0440: ${name} ALL = ${LINE}; or links.sudo: false`;
    return [found.problem(`sudo does not let ${name} start a link ${whom}`, remedy)];
  }
  if (!(await allows(name, person, END_COMMAND)))
    return [
      found.warning(
        `sudo does not let ${name} end sessions of people without a link`,
        `in ${FILE}: ${name} ALL = ${LINE}`,
      ),
    ];
  const allowed = found.ok(`${name} may start links for people such as ${person}, and run nothing else`);
  if (isRoot) return [found.ok(`root may start links for people such as ${person}`)];
  const more = [
    ...(await passwordProblem(name)),
    ...(await excessRights(name, person)),
    ...(await withoutPamSession(name)),
  ];
  return more.length > 0 ? more : [allowed];
}

async function someoneAllowed(name: string, eligible: readonly UserEntry[]): Promise<string | undefined> {
  for (const user of eligible) if (await allows(name, user.name, LINK_COMMAND)) return user.name;
  return undefined;
}

async function allows(name: string, target: string, command: readonly string[]): Promise<boolean> {
  return (await runProgram(SUDO, ['-n', '-l', '-U', name, '-u', target, '--', ...command])).status === 0;
}

/** The daemon has no password to enter. */
async function passwordProblem(name: string): Promise<Finding[]> {
  const rules = rulesIn(await runProgram(SUDO, ['-n', '-ll', '-U', name]));
  const rule = rules.find(({ commands }) => commands.includes(LINK_COMMAND.join(' ')));
  if (rule === undefined || rule.options.includes('!authenticate')) return [];
  return [found.problem(`sudo asks ${name} for a password`, `in ${FILE}: NOPASSWD: before the command`)];
}

/** An attacker who takes over the daemon must not get further with sudo. */
async function excessRights(name: string, person: string): Promise<Finding[]> {
  const remedy = `in ${FILE} for ${name} nothing but: ${LINE}`;
  const findings: Finding[] = [];
  if (await allows(name, 'root', LINK_COMMAND))
    findings.push(found.problem(`sudo lets ${name} start a link of root`, remedy));
  if (await allows(name, person, [OTHER]))
    findings.push(found.problem(`sudo lets ${name} run ${OTHER} as ${person}`, remedy));
  if (findings.length > 0) return findings;
  const commands = rulesIn(await runProgram(SUDO, ['-n', '-ll', '-U', name])).flatMap(
    (rule) => rule.commands,
  );
  const others = commands.filter((command) => !COMMANDS.includes(command));
  return others.map((command) => found.problem(`sudo lets ${name} run ${command}`, remedy));
}

/** Defaults by which sudo gives a link what PAM gives to a login. */
const PAM_DEFAULTS = ['pam_session', `pam_service=${LINK_SERVICE}`, '!umask'];

/** Finds the settings of an older file that the administrator has kept in an upgrade. */
async function withoutPamSession(name: string): Promise<Finding[]> {
  const { stdout } = await runProgram(SUDO, ['-n', '-ll', '-U', name]);
  const [, listed = ''] = /^Matching Defaults entries.*:\n((?: .*\n)+)/m.exec(stdout) ?? [];
  const entries = listed.split(',').map((entry) => entry.trim());
  const last = (setting: string): string | undefined =>
    entries.findLast((entry) => entry.replace(/^!/, '').split('=')[0] === setting);
  const wrong = PAM_DEFAULTS.filter(
    (wanted) => last(wanted.replace(/^!/, '').split('=')[0] ?? '') !== wanted,
  );
  if (wrong.length === 0) return [];
  const summary = 'sudo does not give links the limits, umask and variables that PAM gives to logins';
  return [found.warning(summary, `in ${FILE}: Defaults:${name} ${wrong.join(', ')}; man latchkey-pam`)];
}

interface Rule {
  readonly options: string;
  readonly commands: readonly string[];
}

/** Parses the entries of sudo's long listing (sudo(8), -l twice). */
function rulesIn({ stdout }: ProgramResult): Rule[] {
  return stdout
    .split(/^Sudoers entry:.*$/m)
    .slice(1)
    .map((entry) => {
      const [head = '', commands = ''] = entry.split(/^ +Commands:\n/m);
      return {
        options: /^ +Options: (.*)$/m.exec(head)?.[1] ?? '',
        commands: commands.split('\n').flatMap((line) => /^\t(.+)$/.exec(line)?.[1] ?? []),
      };
    });
}
