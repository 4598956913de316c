/** The manager of the daemon: systemd, when it has the unit, or a person. */
import { existsSync } from 'node:fs';
import { runProgram } from '../../system/run-program.ts';

const UNIT = 'latchkey';

/** Commands for remedies, and the user of the unit. */
export interface Service {
  /** The user that systemd runs the daemon as; undefined without a unit. */
  readonly user: string | undefined;
  readonly start: string;
  readonly stop: string;
  readonly restart: string;
  readonly reload: string;
  readonly log: string;
}

const BY_HAND: Service = {
  user: undefined,
  start: 'latchkey serve',
  stop: 'stop the server',
  restart: 'stop the server, then: latchkey serve',
  reload: 'send SIGHUP to the server',
  log: 'see what the server logs',
};

const BY_SYSTEMD: Omit<Service, 'user'> = {
  start: `systemctl start ${UNIT}`,
  stop: `systemctl stop ${UNIT}`,
  restart: `systemctl restart ${UNIT}`,
  reload: `systemctl reload ${UNIT}`,
  log: `journalctl -u ${UNIT} -n 50`,
};

/** Asks systemd, when it is running and this is root. No answer counts as no unit. */
export async function findService(uid: number): Promise<Service> {
  if (uid !== 0 || !existsSync('/run/systemd/system')) return BY_HAND;
  const argv = ['show', '--property=LoadState', '--property=User', `${UNIT}.service`];
  const { stdout } = await runProgram('/usr/bin/systemctl', argv).catch(() => ({ stdout: '' }));
  const { LoadState, User } = Object.fromEntries(stdout.split('\n').map((line) => line.split('=')));
  return LoadState === 'loaded' ? { ...BY_SYSTEMD, user: User || 'root' } : BY_HAND;
}
