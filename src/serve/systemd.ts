/**
 * What a service manager and the daemon tell each other (sd_notify(3), sd_listen_fds(3),
 * sd_watchdog_enabled(3)). Promises that the variables which carry it are gone from the environment
 * afterwards, so that nothing we start takes them for its own, and that without a service manager
 * everything here does nothing.
 */
import { sendDatagram } from '../native/datagram.ts';
import { closeOnExec } from '../native/process.ts';

const FIRST_HANDED_OVER = 3; // SD_LISTEN_FDS_START
const VARIABLES = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
] as const;

type Told = Partial<Record<(typeof VARIABLES)[number], string>>;

/** This process: its environment is read, and rid of what is for this process alone. */
export interface Served {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
}

export class ServiceManager implements Disposable {
  /** Descriptors of sockets that listen already, by `FileDescriptorName=`. */
  readonly sockets: ReadonlyMap<string, number>;
  readonly #notifySocket: string | undefined;
  #onFailure: (error: unknown) => void = () => {};
  readonly #watchdog: NodeJS.Timeout | undefined;

  constructor({ env, pid }: Served) {
    const told = takeVariables(env);
    this.#notifySocket = told.NOTIFY_SOCKET || undefined;
    this.sockets = socketsFrom(told, pid);
    const patienceMs = watchdogMs(told, pid);
    if (patienceMs !== undefined)
      this.#watchdog = setInterval(() => this.#tell('WATCHDOG=1'), patienceMs / 2);
    this.#watchdog?.unref();
  }

  /** Who hears that the service manager did not hear us. */
  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure = listener;
  }

  /** Calls are answered from now on. `status` is what `systemctl status` shows. */
  ready(status: string): void {
    this.#tell('READY=1', `STATUS=${status}`);
  }

  /** The configuration is being read again; `ready` ends it. */
  reloading(): void {
    const microseconds = process.hrtime.bigint() / 1000n; // of CLOCK_MONOTONIC
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${microseconds}`);
  }

  stopping(): void {
    this.#tell('STOPPING=1');
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watchdog);
  }

  #tell(...lines: string[]): void {
    if (this.#notifySocket === undefined) return;
    try {
      sendDatagram(this.#notifySocket, lines.join('\n'));
    } catch (error) {
      this.#onFailure(error);
    }
  }
}

function takeVariables(env: NodeJS.ProcessEnv): Told {
  const told: Told = {};
  for (const name of VARIABLES) {
    const value = env[name];
    if (value !== undefined) told[name] = value;
    delete env[name];
  }
  return told;
}

/** LISTEN_PID says for whom they are: variables that reached us through somebody else's exec mean nothing. */
function socketsFrom(told: Told, pid: number): Map<string, number> {
  const sockets = new Map<string, number>();
  if (told.LISTEN_PID !== String(pid)) return sockets;
  const names = told.LISTEN_FDNAMES?.split(':') ?? [];
  for (let index = 0; index < Number(told.LISTEN_FDS); index += 1) {
    const fd = FIRST_HANDED_OVER + index;
    closeOnExec(fd);
    sockets.set(names[index] ?? 'unknown', fd);
  }
  return sockets;
}

/** How long the watchdog waits for a sign of life; undefined when none is wanted of this process. */
function watchdogMs(told: Told, pid: number): number | undefined {
  const microseconds = Number(told.WATCHDOG_USEC);
  const isOurs = told.WATCHDOG_PID === undefined || told.WATCHDOG_PID === String(pid);
  return isOurs && microseconds > 0 ? microseconds / 1000 : undefined;
}
