/** Failing syncs: strace makes the daemon's fsync and fdatasync return EIO (strace(1), inject). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../support/run/random.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { until } from '../until.ts';
import { Trouble } from './trouble.ts';

export class FailingSync extends Trouble {
  override readonly passes = true;
  #outages = 0;

  /** Makes some of the next syncs fail, or all for a while: an outage. */
  override async pass(daemon: TestDaemon, random: Random): Promise<void> {
    const isOutage = random.chance(0.5);
    const which = isOutage ? '' : `:when=1..${random.between(1, 6)}`;
    const record = join(daemon.folder, 'syncs');
    rmSync(record, { force: true }); // failures of the last time are none of this
    const inject = `inject=fdatasync,fsync:error=EIO${which}`;
    const options = ['-f', '-q', '-o', record, '-e', 'trace=fdatasync,fsync', '-e', inject];
    const strace = spawn('strace', [...options, '-p', `${daemon.pid}`], { stdio: 'ignore' });
    const gone = once(strace, 'exit');
    try {
      await until('no sync was made to fail', async () => (failedIn(record) > 0 ? '' : 'none'));
      if (isOutage) this.outage = ++this.#outages;
      await delay(random.between(100, 300));
    } finally {
      this.outage = 0;
      strace.kill('SIGTERM');
      await gone;
    }
    this.failedSyncs += failedIn(record);
  }
}

function failedIn(record: string): number {
  try {
    return readFileSync(record, 'latin1').split('(INJECTED)').length - 1;
  } catch {
    return 0; // strace has not begun
  }
}
