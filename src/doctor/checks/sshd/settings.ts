/** Asks sshd which settings it has for a connection: `sshd -T -C`, sshd(8). */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { runProgram } from '../../../system/run-program.ts';
import { listenersAt } from '../port.ts';

const SSHD = '/usr/sbin/sshd';
const CONFIG = '/etc/ssh/sshd_config';

/** The sshd that listens at an address. */
export interface Sshd {
  readonly configFile: string;
  /** Name of its PAM service, before OpenSSH 9.8, where it has a setting of its own. */
  readonly pamService: string;
  readonly port: number;
}

/** A connection, as sshd would see it. */
export interface ConnectionSpec {
  readonly user: string;
  readonly from: string;
  readonly to: string;
}

/** Settings by keyword in lower case, each with its values, as sshd prints them. */
export type SshdSettings = ReadonlyMap<string, readonly string[]>;

/**
 * Returns the sshd at `host` and `port`, found by its process, which must be root's; the one with the default
 * configuration when a service manager listens for it. Undefined for any other listener.
 */
export async function findSshd(host: string, port: number): Promise<Sshd | undefined> {
  const [listener] = await listenersAt(host, port);
  if (listener?.uid !== 0 || listener.process === undefined) return undefined;
  const { pid, name } = listener.process;
  if (name === 'systemd') return { configFile: CONFIG, pamService: 'sshd', port };
  // sshd sets its title: "sshd: /usr/sbin/sshd -D -f FILE [listener] 0 of 10-100 startups"
  const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  const [, program] = /^\S+: (\/\S+) .*\[listener\]/.exec(title) ?? [];
  if (program === undefined) return undefined;
  const [, configFile = CONFIG] = / -f ?(\/\S+)/.exec(title) ?? [];
  return { configFile, pamService: basename(program), port };
}

/**
 * Returns the settings for a connection; undefined when sshd refuses its configuration. Throws UNAVAILABLE.
 */
export async function settingsFor(
  { configFile, port }: Sshd,
  { user, from, to }: ConnectionSpec,
): Promise<SshdSettings | undefined> {
  const spec = `user=${user},host=${from},addr=${from},laddr=${to},lport=${port}`;
  const { status, stdout } = await runProgram(SSHD, ['-T', '-f', configFile, '-C', spec]);
  if (status !== 0) return undefined;
  const settings = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const [, keyword, value = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword !== undefined) settings.set(keyword, [...(settings.get(keyword) ?? []), value]);
  }
  return settings;
}
