import type { TestDaemon } from '../../support/server/daemon.ts';
import type { Random } from '../random.ts';

/** What befalls the daemon while it works: nothing but that it is killed. Others make it worse. */
export class Trouble implements Disposable {
  /** Where the daemon's state has to lie, if it matters. */
  readonly state: string | undefined = undefined;
  /** Whether it passes, and the daemon then works again by itself. */
  readonly passes: boolean = false;
  /** The outage that is on, in which nothing whatever can be kept, counted from 1; 0 while there is none. */
  outage = 0;
  /** How many of the daemon's syncs have failed. */
  failedSyncs = 0;

  /** Comes, and may go, while the daemon works. */
  async pass(_daemon: TestDaemon, _random: Random): Promise<void> {}

  /** Goes, if it is still there. */
  end(): void {}

  async kill(daemon: TestDaemon): Promise<void> {
    await daemon.end('SIGKILL');
  }

  /** Takes away what it has made. */
  [Symbol.dispose](): void {}
}
