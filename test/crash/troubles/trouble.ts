import type { Random } from '../../support/run/random.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';

/**
 * A trouble that the daemon has while it works. This one does nothing in addition to the kill; others are
 * worse.
 */
export class Trouble implements Disposable {
  /** Folder for the daemon's state; undefined when it does not matter. */
  readonly state: string | undefined = undefined;
  /** True when the daemon works again by itself after the trouble. */
  readonly passes: boolean = false;
  /** Number of the current outage, in which nothing can be stored, counted from 1; 0 outside of outages. */
  outage = 0;
  /** Number of the daemon's syncs that have failed. */
  failedSyncs = 0;

  /** Starts, and may end, while the daemon works. */
  async pass(_daemon: TestDaemon, _random: Random): Promise<void> {}

  /** Ends, if it has not yet. */
  end(): void {}

  async kill(daemon: TestDaemon): Promise<void> {
    await daemon.end('SIGKILL');
  }

  /** Removes what it has created. */
  [Symbol.dispose](): void {}
}
