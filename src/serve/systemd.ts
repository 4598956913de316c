/**
 * Talks to the service manager: sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3). Removes their
 * variables from the environment, so that no child takes them for its own. Without a service manager it does
 * nothing.
 */
import { sendDatagram } from '../native/datagram.ts';
import { closeOnExec } from '../native/process.ts';

const FIRST_FD = 3; // SD_LISTEN_FDS_START
const VARIABLES = [
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_FDNAMES',
] as const;

type Variables = Partial<Record<(typeof VARIABLES)[number], string>>;

/** This process. Variables meant for it alone are removed from `env`. */
export interface ServiceProcess {
  readonly env: NodeJS.ProcessEnv;
  readonly pid: number;
}

export class ServiceManager implements Disposable {
  /** Descriptors of the listening sockets that were passed, by `FileDescriptorName=`. */
  readonly sockets: ReadonlyMap<string, readonly number[]>;
  readonly #notifySocket: string | undefined;
  #onFailure: (error: unknown) => void = () => {};
  readonly #watchdog: NodeJS.Timeout | undefined;

  constructor({ env, pid }: ServiceProcess) {
    const variables = takeVariables(env);
    this.#notifySocket = variables.NOTIFY_SOCKET || undefined;
    this.sockets = socketsFrom(variables, pid);
    const limitMs = watchdogMs(variables, pid);
    if (limitMs !== undefined) this.#watchdog = setInterval(() => this.#notify('WATCHDOG=1'), limitMs / 2);
    this.#watchdog?.unref();
  }

  /** Sets the listener for failures to notify the service manager. */
  onFailure(listener: (error: unknown) => void): void {
    this.#onFailure = listener;
  }

  /** Reports that calls are answered from now on. `systemctl status` shows `status`. */
  ready(status: string): void {
    this.#notify('READY=1', `STATUS=${status}`);
  }

  /** Reports that the configuration is being reloaded; `ready` ends this. */
  reloading(): void {
    const microseconds = process.hrtime.bigint() / 1000n; // of CLOCK_MONOTONIC
    this.#notify('RELOADING=1', `MONOTONIC_USEC=${microseconds}`);
  }

  stopping(): void {
    this.#notify('STOPPING=1');
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watchdog);
  }

  #notify(...lines: string[]): void {
    if (this.#notifySocket === undefined) return;
    try {
      sendDatagram(this.#notifySocket, lines.join('\n'));
    } catch (error) {
      this.#onFailure(error);
    }
  }
}

function takeVariables(env: NodeJS.ProcessEnv): Variables {
  const variables: Variables = {};
  for (const name of VARIABLES) {
    const value = env[name];
    if (value !== undefined) variables[name] = value;
    delete env[name];
  }
  return variables;
}

/**
 * Sockets count only when LISTEN_PID is this process: variables inherited through another program's exec mean
 * nothing.
 */
function socketsFrom(variables: Variables, pid: number): Map<string, number[]> {
  const sockets = new Map<string, number[]>();
  if (variables.LISTEN_PID !== String(pid)) return sockets;
  const names = variables.LISTEN_FDNAMES?.split(':') ?? [];
  for (let index = 0; index < Number(variables.LISTEN_FDS); index += 1) {
    const fd = FIRST_FD + index;
    closeOnExec(fd);
    const name = names[index] ?? 'unknown';
    sockets.set(name, [...(sockets.get(name) ?? []), fd]);
  }
  return sockets;
}

/** Returns the watchdog's time limit, in milliseconds; undefined when it does not watch this process. */
function watchdogMs(variables: Variables, pid: number): number | undefined {
  const microseconds = Number(variables.WATCHDOG_USEC);
  const isOurs = variables.WATCHDOG_PID === undefined || variables.WATCHDOG_PID === String(pid);
  return isOurs && microseconds > 0 ? microseconds / 1000 : undefined;
}
