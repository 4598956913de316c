import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { emptyDisk, fillDisk } from '../../support/disk/fill-disk.ts';
import type { Random } from '../../support/run/random.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { Trouble } from './trouble.ts';

const DISK = '/mnt/small-disk';
const MEBIBYTES = 12;

/** A small file system of its own (TEST_WORLD has its own mounts), filled and emptied at random. */
export class FullDisk extends Trouble {
  override readonly state = DISK;
  override readonly passes = true;

  constructor() {
    super();
    mkdirSync(DISK, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MEBIBYTES}m,mode=0700`, 'none', DISK]);
  }

  override async pass(_daemon: TestDaemon, random: Random): Promise<void> {
    for (let times = random.between(1, 3); times > 0; times--) {
      fillDisk(DISK);
      await delay(random.between(5, 200));
      if (random.chance(0.5)) fillDisk(DISK); // what revocations have freed to get through
      await delay(random.between(5, 200));
      if (times > 1 || random.chance(0.5)) emptyDisk(DISK);
    }
  }

  override end(): void {
    emptyDisk(DISK);
  }

  override [Symbol.dispose](): void {
    execFileSync('umount', [DISK]);
  }
}
