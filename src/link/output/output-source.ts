/** Output that can be read: of a running session, or of one that has ended. */
import type { Exited } from '../../generated/latchkey/link/v1/link.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { OutputLog } from './output-log.ts';

/** A reader of a session's output. */
export interface Listener {
  /** Offset of the next byte to read. */
  readonly offset: number;
  /** True when the program is to wait for this reader. */
  hold: boolean;
  /** Called when there is more output, or the session has ended. */
  wake(): void;
}

export interface OutputSource {
  readonly log: OutputLog;
  /** Set once the session has ended and all of its output is in the log. */
  readonly exited: Exited | undefined;
  /** Keeps the log open until `leave`. */
  join(listener: Listener): void;
  leave(listener: Listener): void;
  /** Called when `hold` of a listener has changed. */
  holdChanged(listener: Listener): void;
  /** Called after a listener that holds the program has read more. */
  advanced(): void;
}

/** The output of a session that has ended. Its log is open while it is read. */
export class EndedSession implements OutputSource {
  readonly log: OutputLog;
  readonly exited: Exited;

  constructor(folder: SessionFolder, exited: Exited) {
    this.log = OutputLog.read(folder);
    this.exited = exited;
  }

  join(): void {}

  leave(): void {
    this.log[Symbol.dispose]();
  }

  holdChanged(): void {}

  advanced(): void {}
}
