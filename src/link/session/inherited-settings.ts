/**
 * A login's settings for each program of its user. sudo and sshd have asked PAM for them before they started
 * the link, which passes them on. A link that is started by hand inherits only the umask: the rest of a shell
 * is nothing that programs can rely on.
 */
import { readFileSync } from 'node:fs';
import { restoreNames } from '../../entry/set-aside.ts';
import { USUAL_OPEN_FILES } from '../processes/open-files.ts';
import { parseVariables } from './environment-file.ts';

export interface InheritedSettings {
  readonly umask: number;
  /** Soft limit of open files. */
  readonly openFiles: number;
  /** Returns the variables that PAM has set, or would set. */
  readonly variables: () => Readonly<Record<string, string>>;
}

export interface LinkOrigin {
  readonly umask: number;
  /** Set when sshd started the link. */
  readonly prove: string | undefined;
  readonly openFiles: number | undefined;
  /** The server's uid, which is also that of the caller of sudo. */
  readonly daemonUid: number;
}

export function inheritedSettings(origin: LinkOrigin, environment = process.env): InheritedSettings {
  const { umask, prove, openFiles = USUAL_OPEN_FILES, daemonUid } = origin;
  if (prove === undefined && environment.SUDO_UID !== `${daemonUid}`)
    return { umask, openFiles: USUAL_OPEN_FILES, variables: hostVariables };
  const passedOn = variablesOfLogin(environment);
  return { umask, openFiles, variables: () => passedOn };
}

/**
 * Variables of sudo, of the SSH connection, of its shell, and of logind's session, which may end before the
 * link; the runtime folder and the bus are looked up for each program.
 */
const OF_ITS_STARTER: ReadonlySet<string> = new Set([
  '_',
  'DBUS_SESSION_BUS_ADDRESS',
  'DISPLAY',
  'LATCHKEY_SESSION_ID',
  'MOTD_SHOWN',
  'OLDPWD',
  'PWD',
  'SHLVL',
  'SSH_AUTH_INFO_0',
  'SSH_AUTH_SOCK',
  'SSH_CLIENT',
  'SSH_CONNECTION',
  'SSH_ORIGINAL_COMMAND',
  'SSH_TTY',
  'SSH_USER_AUTH',
  'SUDO_COMMAND',
  'SUDO_GID',
  'SUDO_HOME',
  'SUDO_TTY',
  'SUDO_UID',
  'SUDO_USER',
  'TERM',
  'XAUTHORITY',
  'XDG_RUNTIME_DIR',
  'XDG_SEAT',
  'XDG_SESSION_CLASS',
  'XDG_SESSION_DESKTOP',
  'XDG_SESSION_ID',
  'XDG_SESSION_TYPE',
  'XDG_VTNR',
]);

function variablesOfLogin(environment: NodeJS.ProcessEnv): Record<string, string> {
  const { SUDO_UID, USER } = environment;
  const isOfSudo = (name: string, value: string): boolean =>
    SUDO_UID !== undefined && name === 'MAIL' && value === `/var/mail/${USER}`;
  const variables = Object.entries(restoreNames(environment)) as [string, string][];
  return Object.fromEntries(
    variables.filter(([name, value]) => !OF_ITS_STARTER.has(name) && !isOfSudo(name, value)),
  );
}

/** Files of systemd, of pam_env, and of Debian. Later files win. */
const HOST_FILES = ['/etc/locale.conf', '/etc/environment', '/etc/default/locale'];

/** Returns the variables that these files have now. */
function hostVariables(): Record<string, string> {
  return parseVariables(HOST_FILES.map(contentOf).join('\n'));
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
