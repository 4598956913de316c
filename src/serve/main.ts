/** The command `latchkey serve`: options, signals and exit statuses of the server. */
import { on } from 'node:events';
import { type Config, loadConfig } from '../config/config.ts';
import { type Daemon, startDaemon } from '../daemon.ts';
import { parseOptions, type Values } from '../entry/parse-options.ts';
import { SERVE } from '../entry/roles/serve.ts';
import { AppError, isAppError } from '../errors.ts';
import { DONE, exitStatus, FAILED } from '../exit-status.ts';
import { inert } from '../inert.ts';
import { createLog, type Logger } from '../log/log.ts';
import { releaseMemory } from '../native/memory.ts';
import { setDumpable } from '../native/process.ts';
import { homeOf } from '../system/xdg.ts';
import { VERSION } from '../version.ts';
import { IdleMemory } from './idle-memory.ts';
import { ServiceManager } from './systemd.ts';

/** `FileDescriptorName=` of the API's socket in the socket unit. */
const API_SOCKET = 'api';
/** Delay after the start until memory that only the start needed is released. */
const RELEASE_AFTER_MS = 1000;

/** Runs the server; resolves with the exit status. */
export async function runServe(argv: string[]): Promise<number> {
  try {
    return await serve(parseOptions(SERVE, argv).values);
  } catch (error) {
    if (!isAppError(error)) throw error;
    process.stderr.write(`latchkey: ${inert(error.message)}\n`);
    return ['USAGE', 'CONFIG_INVALID'].includes(error.reason) ? exitStatus(error.reason) : FAILED;
  }
}

async function serve(flags: Values<typeof SERVE.options>): Promise<number> {
  process.umask(0o077);
  setDumpable(false);
  const uid = process.getuid?.() ?? -1;
  using manager = new ServiceManager(process);
  const read = (): Config => loadConfig({ argv: flags, env: process.env, uid, home: homeOf(process.env) });
  const config = read();
  const log = createLog(config.log);
  manager.onFailure((error) => log.warn({ err: error }, 'cannot notify the service manager'));
  const stopped = stopSignal();
  const hangups = on(process, 'SIGHUP');
  await using daemon = await startDaemon(config, { log, listenFds: apiSockets(manager) });
  const { listensOn, serverId, fingerprint } = daemon;
  const status = `listens on ${listensOn}`;
  log.info({ serverId, fingerprint, mode: config.mode, version: VERSION }, `latchkey ${status}`);
  manager.ready(status);
  void reloadAtEach(hangups, async () => {
    manager.reloading();
    await reload(daemon, read, log);
    manager.ready(status);
  });
  setTimeout(releaseMemory, RELEASE_AFTER_MS).unref();
  using _memory = new IdleMemory();
  const signal = await stopped;
  manager.stopping();
  if (signal === 'SIGPWR')
    log.info(await daemon.endSessions(), 'the host is shutting down; sessions were ended');
  else log.info({ signal }, 'latchkey is stopping; links and sessions continue');
  return DONE;
}

/**
 * Returns the API's sockets when the service manager passed some. Throws CONFIG_INVALID for any other socket,
 * since nothing would answer there.
 */
function apiSockets({ sockets }: ServiceManager): readonly number[] | undefined {
  const others = [...sockets.keys()].filter((name) => name !== API_SOCKET);
  if (others.length === 0) return sockets.get(API_SOCKET);
  throw new AppError(
    'CONFIG_INVALID',
    `the service manager passes a socket named ${others.join(', ')}; ` +
      `set FileDescriptorName=${API_SOCKET} in its unit`,
  );
}

async function reloadAtEach(hangups: AsyncIterable<unknown>, work: () => Promise<void>): Promise<void> {
  for await (const _ of hangups) await work();
}

/** Applies the configuration as it is now; an invalid one changes nothing. */
async function reload(daemon: Daemon, read: () => Config, log: Logger): Promise<void> {
  try {
    const config = read();
    const waiting = await daemon.reload(config);
    log.level = config.log.level;
    log.info({}, 'the configuration was reloaded');
    if (waiting.length > 0) log.warn({ settings: waiting }, 'these changed settings need a restart');
  } catch (error) {
    if (!isAppError(error)) throw error;
    log.error({ err: error }, 'the configuration is invalid; the previous one stays in force');
  }
}

/**
 * Resolves at the first SIGTERM or SIGINT, or at SIGPWR, by which the unit reports that the host shuts
 * down. The same signal again has its default effect: it ends the process. A SIGTERM after SIGPWR has none,
 * so that the sessions can end.
 */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGPWR'] as const) process.once(signal, resolve);
  });
}
