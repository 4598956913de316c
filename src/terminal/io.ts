/** The streams, the environment and the clock of a command line. */
import type { Readable, Writable } from 'node:stream';

export interface Input extends Readable {
  readonly isTTY?: boolean;
  /** Present on a terminal. In raw mode, keys arrive one by one and are not echoed, ^C among them. */
  setRawMode?(raw: boolean): unknown;
}

export interface Sink extends Writable {
  readonly isTTY?: boolean;
  /** Size of the terminal, in characters; 'resize' is emitted when it changes. */
  readonly columns?: number;
  readonly rows?: number;
}

export interface Io {
  readonly stdin: Input;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Returns the streams, environment and clock of this process. Opens standard input only when it is used. */
export function processIo(): Io {
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    now: Date.now,
  };
}

/** Resolves when everything written to `sink` has left this process, or the sink is broken. */
export function flushed(sink: Sink): Promise<undefined> {
  if (sink.destroyed) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    sink.write('', () => setImmediate(resolve, undefined)); // an error would be reported first
  });
}
