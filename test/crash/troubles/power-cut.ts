/**
 * The host's power fails: what the daemon has written and not synced is gone, which kill -9 alone
 * never shows. Its state is on a disk of its own, an ext4 image behind a loop device: the image has
 * what was synced, and what was not is only in the memory of the kernel.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { Trouble } from './trouble.ts';

const DISK = '/mnt/power-disk';
const IMAGE = '/mnt/power-image-';
const IMAGE_BYTES = 48 * 1024 * 1024;

/** Why it cannot be had here, or undefined when it can. */
export function whyNotPowerCut(): string | undefined {
  try {
    new PowerCut()[Symbol.dispose]();
    return undefined;
  } catch {
    return 'needs a loop device, and mkfs.ext4';
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

  /** Everything stops; a copy of the image is what the disk has after that. */
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
    // The kernel shall write nothing of its own accord in the meantime.
    execFileSync('mount', ['-o', 'loop,commit=3600', this.#image, DISK], { stdio: 'ignore' });
  }
}
