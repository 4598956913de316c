/** A user whose home folder is full runs programs, above all those that make room. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mallory } from '../../support/account.ts';
import { fillDisk } from '../../support/disk/fill-disk.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const elsewhere = `/var/tmp/latchkey-${mallory.uid}`;

let daemon: TestDaemon;

describe('a full home folder', needs('world'), () => {
  beforeAll(async () => {
    const options = `size=8m,mode=700,uid=${mallory.uid},gid=${mallory.uid}`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'small', mallory.home]);
    daemon = await TestDaemon.start();
    await daemon.link(mallory);
    fillDisk(mallory.home);
    execFileSync('chown', ['-R', `${mallory.uid}`, mallory.home]);
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    execFileSync('umount', ['--lazy', mallory.home]);
    rmSync(elsewhere, { recursive: true, force: true });
  });

  test('keeps no program from running, nor its output from being shown and kept', async () => {
    const script = 'seq 200000; cat; exit 7';
    const started = await daemon.cli(mallory, ['start', '-i', '--', 'sh', '-c', script], { input: 'end\n' });
    expect({ ...started, stdout: started.stdout.slice(-11) }).toMatchObject({
      status: 7,
      stdout: '200000\nend\n',
      stderr: '',
    });
    const [session] = await daemon.as(mallory).sessions();
    expect((await daemon.cli(mallory, ['sessions', 'read', `${session?.id}`])).stdout).toBe(started.stdout);
  });

  test('can be emptied, after which new sessions are kept there again', async () => {
    const removal = await daemon.cli(mallory, ['start', '--', 'sh', '-c', 'rm ~/ballast-*']);
    expect(removal).toMatchObject({ status: 0, stderr: '' });
    expect((await daemon.cli(mallory, ['start', '--', 'true'])).status).toBe(0);
    const kept = execFileSync('find', [join(mallory.home, '.local'), '-name', 'record.json'], {
      encoding: 'utf8',
    });
    expect(kept).toMatch(/record\.json\n$/);
  });
});
