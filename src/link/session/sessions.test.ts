import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import { failure, type Line } from '../../../test/support/link/line.ts';
import { needs } from '../../../test/support/needs.ts';

let daemon: FakeDaemon;
let line: Line;
let link: StartedLink;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ line, link } = await daemon.link([], { STRAY: 'from the starter', NODE_OPTIONS: '' }));
});
afterAll(() => daemon[Symbol.asyncDispose]());

/** Returns where a symbolic link leads; nothing when it is gone. */
function linkTarget(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}

describe('a session', () => {
  it("prints to both streams, and ends with the program's status", async () => {
    const { id } = await line.start(['sh', '-c', 'echo out; echo err >&2; exit 7']);
    expect(await line.read(id)).toMatchObject({ stdout: 'out\n', stderr: 'err\n', status: 7 });
    expect(
      await line.take('exited', ({ body }) => body?.$case === 'exited' && body.value.sessionId === id),
    ).toEqual({
      sessionId: id,
      status: 7,
    });
  });

  it('that is held runs nothing before it is released, and then runs as usual', async () => {
    const { sessionId, pid } = await line.hold(['sh', '-c', 'cat; id -u; env | grep -c "^_$"; exit 3'], {
      firstInput: Buffer.from('in\n'),
    });
    expect(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')).toHaveLength(1);
    expect(existsSync(join(daemon.sessions, sessionId, 'pid'))).toBe(false);
    expect(await line.release(sessionId, true)).toEqual({ sessionId, pid });
    const read = await line.read(sessionId);
    expect(read).toMatchObject({ stdout: `in\n${process.getuid?.()}\n0\n`, stderr: '', status: 3 });
    await expect(line.release(sessionId, true)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });

  it('that is held and never released leaves nothing behind', async () => {
    const { sessionId, pid } = await line.hold(['touch', join(daemon.sessions, 'proof')], { input: true });
    await expect(line.release(sessionId, false)).rejects.toMatchObject({ reason: 'START_FAILED' });
    expect(readdirSync(daemon.sessions)).not.toContain(sessionId);
    expect(existsSync(join(daemon.sessions, 'proof'))).toBe(false);
    await eventually(() => existsSync(`/proc/${pid}`)).toBe(false);
  });

  it('gets its arguments unchanged, without a shell', async () => {
    const words = ['', 'a b', '$HOME', '*', "'", '-n', 'ü\n'];
    const { id } = await line.start(['printf', '<%s>', ...words]);
    expect((await line.read(id)).stdout).toBe(words.map((word) => `<${word}>`).join(''));
  });

  it('runs programs, never shell builtins of the same name', async () => {
    const { id } = await line.start(['echo', '--version']);
    expect((await line.read(id)).stdout).toContain('coreutils');
  });

  it("starts in the home directory with the user's own environment, and inherits nothing from the link", async () => {
    const { id } = await line.start(['env'], {
      environment: { COLOUR: Buffer.from('blue'), PATH: Buffer.from('/usr/bin:/bin') },
    });
    const environment = Object.fromEntries(
      (await line.read(id)).stdout
        .trim()
        .split('\n')
        .map((text) => text.split('=')),
    );
    const { username, homedir, shell } = userInfo();
    const expected = {
      HOME: homedir,
      USER: username,
      LOGNAME: username,
      SHELL: shell,
      COLOUR: 'blue',
      PWD: homedir,
    };
    expect(environment).toMatchObject({ ...expected, LATCHKEY_SESSION_ID: id, PATH: '/usr/bin:/bin' });
    const others = ['LANG', 'LANGUAGE', 'TZ', 'XDG_RUNTIME_DIR', 'SHLVL', '_', 'OLDPWD'];
    const known = new Set([...Object.keys(expected), 'LATCHKEY_SESSION_ID', 'PATH', ...others]);
    expect(Object.keys(environment).filter((name) => !known.has(name) && !name.startsWith('LC_'))).toEqual(
      [],
    );
  });

  it('starts in the requested directory', async () => {
    const { id } = await line.start(['pwd'], { directory: Buffer.from('/usr/lib') });
    expect((await line.read(id)).stdout).toBe('/usr/lib\n');
  });

  it('has three descriptors, no ignored signals and an ordinary umask', async () => {
    const script = 'ls /proc/self/fd | wc -l; cat /proc/self/status; ulimit -n; umask';
    const { id } = await line.start(['sh', '-c', script]);
    const lines = (await line.read(id)).stdout.trim().split('\n');
    expect(lines[0]).toBe('4'); // and the folder that ls reads
    const sets = lines.filter((text) => /^Sig(Blk|Ign|Cgt)/.test(text)).map((text) => text.split('\t')[1]);
    expect(Number(lines.at(-2))).toBeLessThanOrEqual(1024);
    expect(sets).toEqual(['0'.repeat(16), '0'.repeat(16), '0'.repeat(16)]);
    expect(Number.parseInt(lines.at(-1) ?? '', 8)).toBe(process.umask());
  });

  it('reads its first input and then the end of input', async () => {
    const firstInput = Buffer.from(`{"n":1}\n${'x'.repeat(300_000)}`);
    const { id } = await line.start(['sha256sum'], { firstInput });
    expect((await line.read(id)).stdout).toContain(createHash('sha256').update(firstInput).digest('hex'));
  });

  it('keeps its record readable by its owner only', async () => {
    const { id } = await line.start(['true']);
    await line.read(id);
    expect(statSync(join(daemon.sessions, id)).mode & 0o777).toBe(0o700);
    expect(statSync(join(daemon.sessions, id, 'output')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -USR1 $$', 138],
    ['exit 255', 255],
  ])('%s: its status is as a shell reports it', async (script, status) => {
    const { id } = await line.start(['sh', '-c', script]);
    expect(await line.read(id)).toMatchObject({ status, all: '' });
  });

  it.each([2, 9, 15, 10, 11, 34, 64])('is ended by signal %d, which its keeper survives', async (signal) => {
    const { id } = await line.start(['sh', '-c', 'echo here $LATCHKEY_SESSION_ID; exec sleep 60']);
    const reading = line.read(id);
    await line.seen((body) => body.$case === 'output' && body.value.data.toString() === `here ${id}\n`);
    await line.ask({ $case: 'signal', value: { sessionId: id, signal } }, 'done');
    expect((await reading).status).toBe(128 + signal);
    await expect(
      line.ask({ $case: 'signal', value: { sessionId: id, signal } }, 'done'),
    ).rejects.toMatchObject(failure('SESSION_ENDED'));
  });

  it.each([0, 65, 2 ** 31])('takes no signal %d', async (signal) => {
    const { id } = await line.start(['sleep', '60']);
    const sent = line.ask({ $case: 'signal', value: { sessionId: id, signal } }, 'done');
    await expect(sent).rejects.toMatchObject(failure('INVALID_ARGUMENT', /must be 1 to 64/));
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 1000 } }, 'ended');
  });

  it('is ended by a signal that is sent as soon as it has started', async () => {
    const starts = Array.from({ length: 20 }, async () => {
      const { id } = await line.start(['sh', '-c', 'exec sleep 60']);
      await line.ask({ $case: 'signal', value: { sessionId: id, signal: 15 } }, 'done');
      return (await line.read(id)).status;
    });
    expect(new Set(await Promise.all(starts))).toEqual(new Set([128 + 15]));
  });

  it('may catch signals and continue', async () => {
    const { id } = await line.start([
      'bash',
      '-c',
      'trap "echo caught; exit 3" INT; echo here $LATCHKEY_SESSION_ID; while :; do sleep 0.05; done',
    ]);
    const reading = line.read(id);
    await line.seen((body) => body.$case === 'output' && body.value.data.toString() === `here ${id}\n`);
    await line.ask({ $case: 'signal', value: { sessionId: id, signal: 2 } }, 'done');
    expect(await reading).toMatchObject({ status: 3 });
  });
});

describe('a link keeps no file open', needs('descriptors'), () => {
  // A keeper closes the program's output just before it reports the end: the link sees them in either order.
  it('of sessions, however many have ended', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, async () => (await line.start(['true'])).id));
    for (const id of ids)
      await line.take('exited', ({ body }) => body?.$case === 'exited' && body.value.sessionId === id);
    const open = (): string[] =>
      readdirSync(`/proc/${link.process.pid}/fd`).flatMap((fd) =>
        linkTarget(`/proc/${link.process.pid}/fd/${fd}`),
      );
    await eventually(() => open().filter((path) => ids.some((id) => path.includes(id)))).toEqual([]);
  });

  it('of a start that failed because too many are open', async () => {
    const { link, line } = await daemon.link();
    const pid = `${link.process.pid}`;
    const count = (): number => readdirSync(`/proc/${pid}/fd`).length;
    const limit = (files: number): unknown =>
      execFileSync('prlimit', ['--pid', pid, `--nofile=${files}:4096`]);
    await line.start(['true']); // opens what is opened once
    await line.take('exited');
    await eventually(async () => (await line.read((await line.start(['true'])).id)).status).toBe(0);
    const before = count();
    for (let free = 1; free <= 30; free += 1) {
      limit(before + free);
      await line.start(['true'], { input: free % 2 === 0 }).catch(() => {});
    }
    limit(4096);
    await eventually(count).toBeLessThanOrEqual(before);
    expect(await line.read((await line.start(['echo', 'again'])).id)).toMatchObject({ stdout: 'again\n' });
  });

  it('of a session whose output has been removed, and says so', async () => {
    const { id } = await line.start(['echo', 'x']);
    expect(await line.read(id)).toMatchObject({ status: 0 });
    const open = (): number => readdirSync(`/proc/${link.process.pid}/fd`).length;
    rmSync(join(daemon.sessions, id, 'output'));
    await eventually(() => line.read(id).catch(({ reason }) => reason)).toBe('NOT_FOUND');
    const before = open();
    for (let times = 20; times > 0; times -= 1)
      await expect(line.read(id)).rejects.toMatchObject(failure('NOT_FOUND'));
    expect(open()).toBeLessThanOrEqual(before);
  });
});

describe('the record of a session', () => {
  it('is listed until it is forgotten', async () => {
    const { id } = await line.start(['sh', '-c', 'exit 5']);
    await line.read(id);
    const { sessions } = await line.ask({ $case: 'list', value: {} }, 'sessions');
    expect(sessions.find(({ sessionId }) => sessionId === id)?.exited).toEqual({ sessionId: id, status: 5 });
    await line.ask({ $case: 'forget', value: { sessionIds: [id, 'unknown'] } }, 'done');
    expect(existsSync(join(daemon.sessions, id))).toBe(false);
    const after = await line.ask({ $case: 'list', value: {} }, 'sessions');
    expect(after.sessions.map(({ sessionId }) => sessionId)).not.toContain(id);
  });

  it('is forgotten while processes that a program has left still print, and nothing stays open', async () => {
    const open = (): number => readdirSync(`/proc/${link.process.pid}/fd`).length;
    await line.read((await line.start(['true'])).id);
    const before = open();
    const { id, pid } = await line.start(['sh', '-c', 'sleep 60 & exit 5']);
    expect(await line.read(id)).toMatchObject({ status: 5 });
    await line.ask({ $case: 'forget', value: { sessionIds: [id] } }, 'done');
    const { sessions } = await line.ask({ $case: 'list', value: {} }, 'sessions');
    expect(sessions.map(({ sessionId }) => sessionId)).not.toContain(id);
    await eventually(open).toBeLessThanOrEqual(before);
    process.kill(-pid, 'SIGKILL');
  });

  it('is not forgotten while the session runs', async () => {
    const { id } = await line.start(['sleep', '60']);
    await line.ask({ $case: 'forget', value: { sessionIds: [id] } }, 'done');
    expect(existsSync(join(daemon.sessions, id))).toBe(true);
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 1000 } }, 'ended');
  });

  it('does not depend on processes that a program leaves in the background', async () => {
    const marker = join(daemon.folder, 'late');
    const { id } = await line.start(['sh', '-c', `(sleep 0.5; echo late && touch ${marker}) & echo early`]);
    expect(await line.read(id)).toMatchObject({ stdout: 'early\n', status: 0 });
    await eventually(() => existsSync(marker)).toBe(true);
    await eventually(async () => (await line.read(id)).stdout).toBe('early\nlate\n');
  });
});
