import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dora } from '../../../test/support/account.ts';
import { fillDisk } from '../../../test/support/disk/fill-disk.ts';
import { eventually, FakeDaemon } from '../../../test/support/link/fake-daemon.ts';
import { needs } from '../../../test/support/needs.ts';

describe('a session on a full disk', needs('world'), () => {
  beforeAll(() => {
    const options = `size=8m,mode=700,uid=${dora.uid},gid=${dora.uid}`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'small', dora.home]);
  });
  afterAll(() => void execFileSync('umount', ['--lazy', dora.home]));

  it('waits for room when its program is over, and ends without it when it is told to', async () => {
    await using daemon = await FakeDaemon.open(dora);
    const { line } = await daemon.link(['--print-token']);
    const script = 'read go; head -c 50000 /dev/zero; exit 3';
    const { id } = await line.start(['sh', '-c', script], { input: true });
    fillDisk(dora.home);
    await line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from('go\n') } }, 'credit');
    expect((await line.take('warning')).text).toContain('no space left on the device');
    const status = join(daemon.sessions, id, 'status.3'); // which takes no room
    await eventually(() => existsSync(status)).toBe(true);
    const isExited = ({ body }: (typeof line.frames)[number]): boolean => body?.$case === 'exited';
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 10_000 } }, 'ended');
    expect(line.frames.filter(isExited)).toMatchObject([{ body: { value: { sessionId: id, status: 3 } } }]);
    expect((await line.take('warning')).text).toContain('the last of the output is lost');
  });
});
