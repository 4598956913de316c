/** Checks that the daemon runs as the right user, answers, and has this program's version. */
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, connect } from '../../client/connect/connect.ts';
import type { Config } from '../../config/config.ts';
import { SETTING_BY_NAME } from '../../config/settings/settings.ts';
import { shownValues } from '../../config/show.ts';
import { isAppError } from '../../errors.ts';
import { type LocalServer, readLocalServer } from '../../system/local-server.ts';
import { VERSION } from '../../version.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';
import { listenersAt } from './port.ts';
import type { Service } from './service.ts';

const CALL_MS = 5_000;
/** systemd, which opens the port for a unit before the daemon starts. */
const SYSTEMD_PID = 1;
const found = new Findings('daemon');

/** The state of the daemon. */
export interface DaemonState {
  readonly findings: readonly Finding[];
  /** Pid of the daemon; undefined when it is not running. */
  readonly pid?: number | undefined;
  /** A client, when the daemon answers; anonymous when the local administrator's token is not readable. */
  readonly client?: Client | undefined;
}

/** The caller must close the client. */
export async function checkDaemon(subject: Subject, service: Service): Promise<DaemonState> {
  const { account, config } = subject;
  let server: LocalServer | undefined;
  try {
    server = readLocalServer(config.paths.run);
  } catch (error) {
    return { findings: [found.failed(error, 'see the finding about folders')] };
  }
  if (server === undefined) return { findings: await whyNotRunning(subject, service) };
  const owner = lstatSync(`/proc/${server.pid}`, { throwIfNoEntry: false })?.uid;
  // The pid now belongs to another user's process. Root is accepted, since the daemon's entry belongs to root
  // (PR_SET_DUMPABLE).
  if (owner === undefined || (owner !== account.uid && owner !== 0)) {
    const summary = `it has crashed or was killed: process ${server.pid} from server.json is gone`;
    return { findings: [found.problem(summary, `${service.log}; ${service.start}`)] };
  }
  return { pid: server.pid, ...(await talk(subject, server, service)) };
}

/** Reports the server of this host to a user without a server of their own. */
export function leaveToRoot({ address }: LocalServer): Finding {
  const summary = `you have no server of your own; the server of this host answers at ${address}`;
  return found.skipped(summary, 'to have that one checked, as root: latchkey doctor');
}

async function talk(
  { config }: Subject,
  server: LocalServer,
  service: Service,
): Promise<Omit<DaemonState, 'pid'>> {
  const { address, pid, version } = server;
  const { run, pki } = config.paths;
  const ca = join(pki, 'ca.pem');
  const client = await connect({ run, server: address, ca, localAdmin: true, env: {} }).catch(() =>
    connect({ run, server: address, ca, anonymous: true, env: {} }),
  );
  try {
    await client.auth.getKeys({}, { timeoutMs: CALL_MS });
  } catch (error) {
    await client.close();
    if (!isAppError(error)) throw error;
    return { findings: [found.problem(`process ${pid} does not answer: ${error.message}`, service.log)] };
  }
  const findings = [found.ok(`process ${pid} answers at ${address}, under its own authority`)];
  const other = `it has version ${version}, this program ${VERSION}`;
  if (version !== VERSION) findings.push(found.warning(other, service.restart));
  return { client, findings: [...findings, ...(await checkSettings(config, client, service))] };
}

/** Names the settings that were changed in the configuration and that the server does not use yet. */
async function checkSettings(config: Config, client: Client, service: Service): Promise<Finding[]> {
  const { settings } = await client.system.getInfo({}, { timeoutMs: CALL_MS });
  const changed = [...shownValues(config)].filter(
    ([name, value]) => settings[name] !== undefined && settings[name] !== value,
  );
  return changed.map(([name, value]) =>
    found.warning(
      `${name} was changed to ${value}, but the server still uses ${settings[name]}`,
      SETTING_BY_NAME.get(name)?.reload ? service.reload : service.restart,
    ),
  );
}

/** Reports why the daemon is not running, if that can be determined. */
async function whyNotRunning({ config }: Subject, service: Service): Promise<Finding[]> {
  const { host, port } = config.api.listen;
  const listeners = await listenersAt(host, port);
  const others = listeners.filter(({ process }) => process?.pid !== SYSTEMD_PID);
  if (others.length === 0) {
    const free = listeners.length > 0 ? 'systemd holds its port' : `port ${port} is free`;
    return [found.warning(`it is not running; ${free}`, service.start)];
  }
  return others.map(({ uid, process }) => {
    const who = process ? `${process.name}, process ${process.pid}` : 'an unknown process';
    const summary = `it is not running, and port ${port} is in use by uid ${uid} (${who})`;
    const remedy = process ? 'stop that' : `as root: ss -ltnp sport = :${port}`;
    return found.problem(summary, `${remedy}; or api.listen: another port`);
  });
}
