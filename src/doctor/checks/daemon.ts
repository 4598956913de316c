/** Whether the daemon runs, is who it should be, answers, and is of this program's version. */
import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { type Client, connect } from '../../client/connect/connect.ts';
import { isAppError } from '../../errors.ts';
import { type LocalServer, readLocalServer } from '../../system/local-server.ts';
import { VERSION } from '../../version.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Subject } from './configuration.ts';
import { listenersAt } from './port.ts';
import type { Service } from './service.ts';

const CALL_MS = 5_000;
const HOSTS_SERVER = '/run/latchkey/server.json';
/** Who opens the port for a unit before the daemon is there. */
const SYSTEMD_PID = 1;
const found = new Findings('daemon');

/** What can be told of the daemon. */
export interface DaemonState {
  readonly findings: readonly Finding[];
  /** Its process, if there is one. */
  readonly pid?: number | undefined;
  /** To be asked, if it answers; without a token where that cannot be read. */
  readonly client?: Client | undefined;
}

/** The client is the caller's to close. */
export async function lookAtDaemon(subject: Subject, service: Service): Promise<DaemonState> {
  const { account, config } = subject;
  let server: LocalServer | undefined;
  try {
    server = readLocalServer(config.paths.run);
  } catch (error) {
    return { findings: [found.refused(error, 'see the finding about folders')] };
  }
  if (server === undefined) return { findings: await absence(subject, service) };
  const owner = lstatSync(`/proc/${server.pid}`, { throwIfNoEntry: false })?.uid;
  // Another's process that has the number by now; root's too, for the daemon's is closed to others (PR_SET_DUMPABLE).
  if (owner === undefined || (owner !== account.uid && owner !== 0)) {
    const summary = `it has ended without being stopped: process ${server.pid}, which server.json names, is gone`;
    return { findings: [found.problem(summary, `${service.log}; ${service.start}`)] };
  }
  return { pid: server.pid, ...(await talk(subject, server, service)) };
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
  const answers = found.ok(`process ${pid} answers at ${address}, under its own authority`);
  if (version === VERSION) return { client, findings: [answers] };
  const other = `it is of version ${version}, this program of ${VERSION}`;
  return { client, findings: [answers, found.warning(other, service.restart)] };
}

/** Why it does not run, if that can be seen. */
async function absence({ config }: Subject, service: Service): Promise<Finding[]> {
  const { host, port } = config.api.listen;
  const listeners = await listenersAt(host, port);
  const others = listeners.filter(({ process }) => process?.pid !== SYSTEMD_PID);
  const isHostsMeant = config.mode === 'self' && existsSync(HOSTS_SERVER);
  const instead = isHostsMeant ? '; for the server of this host, as root: latchkey doctor' : '';
  if (others.length === 0) {
    const free = listeners.length > 0 ? 'systemd keeps its port' : `port ${port} is free`;
    return [found.warning(`it does not run; ${free}`, `${service.start}${instead}`)];
  }
  return others.map(({ uid, process }) => {
    const who = process ? `${process.name}, process ${process.pid}` : 'a process that cannot be told';
    const summary = `it does not run, and port ${port} is taken by uid ${uid} (${who})`;
    const look = process ? 'stop that' : `as root: ss -ltnp sport = :${port}`;
    return found.problem(summary, `${look}; or api.listen: another port${instead}`);
  });
}
