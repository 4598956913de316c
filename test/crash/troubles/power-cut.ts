/**
 * A power failure: data that the daemon has written but not synced is lost, which kill -9 alone never
 * shows. Its state is on an ext4 image behind a loop device: the image has the synced data, the rest is
 * in the kernel's memory only.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { Trouble } from './trouble.ts';

const DISK = '/mnt/power-disk';
const IMAGE = '/mnt/power-image-';
const IMAGE_BYTES = 48 * 1024 * 1024;

/** Returns why this trouble is impossible on this host; undefined when it is possible. */
export function whyNotPowerCut(): string | undefined {
  try {
    new PowerCut()[Symbol.dispose]();
    return undefined;
  } catch {
    return 'needs a loop device that it may mount';
  }
}

export class PowerCut extends Trouble {
  override readonly state = join(DISK, 'state');
  #images = 0;

  constructor() {
    super();
    mkdirSync(DISK, { recursive: true });
    writeFileSync(this.#image, '');
    truncateSync(this.#image, IMAGE_BYTES);
    execFileSync('mkfs.ext4', ['-q', this.#image], { stdio: 'ignore' });
    this.#mount();
  }

  get #image(): string {
    return `${IMAGE}${this.#images}`;
  }

  /** Kills the daemon and copies the image, which is what the disk has after a power failure. */
  override async kill(daemon: TestDaemon): Promise<void> {
    process.kill(daemon.pid, 'SIGSTOP');
    const before = this.#image;
    this.#images += 1;
    copyFileSync(before, this.#image);
    await daemon.end('SIGKILL');
    execFileSync('umount', [DISK]);
    rmSync(before);
    this.#mount();
  }

  override [Symbol.dispose](): void {
    execFileSync('umount', [DISK]);
    rmSync(this.#image);
  }

  #mount(): void {
    // A long commit interval, so that the kernel writes nothing by itself meanwhile.
    execFileSync('mount', ['-o', 'loop,commit=3600', this.#image, DISK], { stdio: 'ignore' });
  }
}
