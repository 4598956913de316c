/**
 * Keys and signals of a screen that is redrawn: ^C, `q` and signals end it; ^Z suspends it. On a terminal,
 * keys are not echoed, so that they do not disturb the screen.
 */
import { DONE } from '../../exit-status.ts';
import type { Io } from '../../terminal/io.ts';
import type { LiveScreen } from '../../terminal/live-screen.ts';

/** Exit statuses: 128 + n, as for any program that signal n ends. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
const CTRL_C = '\x03';
const CTRL_D = '\x04';
const CTRL_Z = '\x1a';

export interface WatchKeys extends Disposable {
  /** Resolves with the exit status. */
  readonly ended: Promise<number>;
}

/** Listens until disposed of, which also restores the terminal. `redraw` is called after a suspension. */
export function watchKeys({ stdin }: Io, screen: LiveScreen, redraw: () => void): WatchKeys {
  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const hasKeys = stdin.isTTY === true;
  const raw = (on: boolean): void => void (hasKeys && stdin.setRawMode?.(on));
  const sleep = (): void => {
    screen.suspend();
    raw(false);
    process.kill(process.pid, 'SIGSTOP');
  };
  const wakeUp = (): void => {
    raw(true);
    screen.resume();
    redraw();
  };
  const restore = (): void => {
    raw(false);
    screen.suspend();
  };
  const take = (keys: string): void => {
    for (const key of keys) {
      if (key === CTRL_C) end(SIGNALS.SIGINT);
      else if (key === 'q' || key === CTRL_D) end(DONE);
      else if (key === CTRL_Z) sleep();
    }
  };
  const gone = (): void => end(SIGNALS.SIGHUP);
  const handlers = Object.entries(SIGNALS).map(([name, status]) => [name, () => end(status)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  process.on('SIGTSTP', sleep).on('SIGCONT', wakeUp).on('exit', restore);
  if (hasKeys) stdin.setEncoding('utf8').on('data', take).once('end', gone).resume();
  raw(true);
  return {
    ended,
    [Symbol.dispose]: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
      process.off('SIGTSTP', sleep).off('SIGCONT', wakeUp).off('exit', restore);
      if (hasKeys) stdin.off('data', take).off('end', gone).pause();
      raw(false);
    },
  };
}
