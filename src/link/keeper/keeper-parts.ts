/** The parts that keepers with and without a terminal have in common. */
import { closeSync } from 'node:fs';
import { makePipe, type Pipe } from '../../native/pipe.ts';

/** Steps of a keeper's script that depend on the program's input and output. */
export interface KeeperSteps {
  /** Starts the helpers. */
  readonly begin: string;
  /** Pids of the keeper and of its helpers. */
  readonly greet: string;
  /** Begins the redirections of the program. */
  readonly enter: string;
  /** Runs after the program. */
  readonly leave: string;
}

/** Descriptors of the program's input and output. */
export interface OpenedPipes {
  /** The keeper's descriptors 0 to 6; 2 is the gate's. */
  readonly descriptors: readonly number[];
  /** The link's ends of the pipes. */
  readonly output: number;
  readonly errors: number | undefined;
  readonly input: number | undefined;
}

/** Descriptors of a start: the link's own, and those that are closed once the keeper has them. */
export class PipeEnds {
  readonly #ours: DisposableStack;
  readonly #theirs: DisposableStack;

  constructor(ours: DisposableStack, theirs: DisposableStack) {
    this.#ours = ours;
    this.#theirs = theirs;
  }

  ours(fd: number): number {
    return this.#ours.adopt(fd, (it) => closeSync(it));
  }

  theirs(fd: number): number {
    return this.#theirs.adopt(fd, (it) => closeSync(it));
  }

  /** Makes a pipe that the link reads. */
  ourRead(bytes?: number): Pipe {
    const { read, write } = makePipe(bytes);
    return { read: this.ours(read), write: this.theirs(write) };
  }

  /** Makes a pipe that the link writes to. */
  ourWrite(): Pipe {
    const { read, write } = makePipe();
    return { read: this.theirs(read), write: this.ours(write) };
  }
}
