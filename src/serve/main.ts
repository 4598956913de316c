/** `latchkey serve`: arguments, signals and exit statuses around the daemon. */
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
import { ServiceManager } from './systemd.ts';

/** `FileDescriptorName=` of the socket unit. */
const API_SOCKET = 'api';
/** When to give back what only the start needed: not while somebody waits for it. */
const TIDY_MS = 1000;

/** Runs the daemon; resolves with the exit status. */
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
  manager.onFailure((error) => log.warn({ err: error }, 'the service manager cannot be told'));
  const stopped = stopSignal();
  const hangups = on(process, 'SIGHUP');
  await using daemon = await startDaemon(config, { log, listenFd: apiSocket(manager) });
  const { listensOn, serverId, fingerprint } = daemon;
  log.info({ serverId, fingerprint, mode: config.mode, version: VERSION }, `latchkey serves on ${listensOn}`);
  const status = `listens on ${listensOn}`;
  manager.ready(status);
  void reloadAtEach(hangups, async () => {
    manager.reloading();
    await reload(daemon, read, log);
    manager.ready(status);
  });
  setTimeout(releaseMemory, TIDY_MS).unref();
  const signal = await stopped;
  manager.stopping();
  log.info({ signal }, 'latchkey stops; links and sessions go on');
  return DONE;
}

/**
 * The API's socket, if a service manager opened one. Throws CONFIG_INVALID for others: nobody would
 * answer there.
 */
function apiSocket({ sockets }: ServiceManager): number | undefined {
  const others = [...sockets.keys()].filter((name) => name !== API_SOCKET);
  if (others.length === 0) return sockets.get(API_SOCKET);
  throw new AppError(
    'CONFIG_INVALID',
    `the service manager hands over a socket called ${others.join(', ')}; set FileDescriptorName=${API_SOCKET} in its unit`,
  );
}

async function reloadAtEach(hangups: AsyncIterable<unknown>, work: () => Promise<void>): Promise<void> {
  for await (const _ of hangups) await work();
}

/** Goes by what the configuration says now; one that is bad changes nothing. */
async function reload(daemon: Daemon, read: () => Config, log: Logger): Promise<void> {
  try {
    const config = read();
    const waiting = await daemon.reload(config);
    log.level = config.log.level;
    log.info({}, 'the configuration has been read again');
    if (waiting.length > 0) log.warn({ settings: waiting }, 'these settings have changed and need a restart');
  } catch (error) {
    if (!isAppError(error)) throw error;
    log.error({ err: error }, 'the configuration is refused; the one before stays in force');
  }
}

/** Resolves at the first SIGTERM or SIGINT. A second one ends the process as it would without us. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
}
