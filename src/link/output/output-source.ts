/** What can be read: a session that a link looks after, or one that is over. */
import type { Exited } from '../../generated/latchkey/link/v1/link.ts';
import type { SessionFolder } from '../session/session-folder.ts';
import { OutputLog } from './output-log.ts';

/** Somebody who reads. */
export interface Listener {
  /** Offset of the next byte wanted. */
  readonly offset: number;
  /** Whether the program is to wait for this one. */
  readonly hold: boolean;
  /** There is more, or the end. */
  wake(): void;
}

export interface OutputSource {
  readonly log: OutputLog;
  /** Present once the session is over and all that it printed is in the log. */
  readonly exited: Exited | undefined;
  /** Keeps the log open. */
  join(listener: Listener): void;
  leave(listener: Listener): void;
  /** To be called when a listener that is waited for has got on. */
  advanced(): void;
}

/** A session that is over: its log is open while somebody reads. */
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
