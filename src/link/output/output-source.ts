/** Output that can be read: of a running session, or of one that is over. */
import type { Exited } from '../../generated/latchkey/link/v1/link.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { OutputLog } from './output-log.ts';

/** A reader of a session's output. */
export interface Listener {
  /** Offset of the next byte to read. */
  readonly offset: number;
  /** True when the program is to wait for this reader. */
  readonly hold: boolean;
  /** Called when there is more output, or the session is over. */
  wake(): void;
}

export interface OutputSource {
  readonly log: OutputLog;
  /** Set once the session is over and all that it printed is in the log. */
  readonly exited: Exited | undefined;
  /** Keeps the log open until `leave`. */
  join(listener: Listener): void;
  leave(listener: Listener): void;
  /** Called after a listener that holds the program has read more. */
  advanced(): void;
}

/** A session that is over. Its log is open while somebody reads. */
export class PastSession implements OutputSource {
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

  advanced(): void {}
}
