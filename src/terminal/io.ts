/** What a command line stands on: three streams, an environment and a clock. */
import type { Readable, Writable } from 'node:stream';

export interface Input extends Readable {
  readonly isTTY?: boolean;
  /** Where it is a terminal: whether keys come one by one, unshown, ^C among them. */
  setRawMode?(raw: boolean): unknown;
}

export interface Sink extends Writable {
  readonly isTTY?: boolean;
  /** Of the terminal; it emits 'resize' when they change. */
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

/** The process's own. Standard input is touched only when something reads it. */
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

/** Waits until what was written to `sink` is out of this process, or the sink is broken. */
export function flushed(sink: Sink): Promise<undefined> {
  if (sink.destroyed) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    sink.write('', () => setImmediate(resolve, undefined)); // an error of it comes first
  });
}
