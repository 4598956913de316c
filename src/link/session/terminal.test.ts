import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { Typist } from '../../../test/support/link/typist.ts';
import { needs } from '../../../test/support/needs.ts';
import { commandOf, markOf, readProcesses } from '../processes/processes.ts';

let daemon: FakeDaemon;
let line: Line;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ line } = await daemon.link());
});
afterAll(() => daemon[Symbol.asyncDispose]());

/** Returns the living processes that carry the session's id. */
function processesOf(id: string): number[] {
  return readProcesses()
    .filter(({ pid, state }) => state !== 'Z' && markOf(pid) === id)
    .map(({ pid }) => pid);
}

/** Returns their commands. That of a job is there once the job has the terminal. */
const commandsOf = (id: string): string[] => processesOf(id).map(commandOf);

describe('a terminal', () => {
  it('is the controlling terminal of its program, of the wanted size, owned by the user', async () => {
    const script =
      'tty; stty size; stat -c "%u %F" "$(tty)"; echo err >&2; ps -o tty=,tpgid= -p $$; : </dev/tty; exit 7';
    const session = await Typist.start(line, ['sh', '-c', script], {
      terminal: { columns: 132, rows: 43 },
    });
    expect(await session.ended()).toBe(7);
    const lines = session.shown.trim().split('\r\n');
    expect(lines.slice(0, 4)).toEqual([
      expect.stringMatching(/^\/dev\/pts\/\d+$/),
      '43 132',
      `${process.getuid?.()} character special file`,
      'err',
    ]);
    expect(lines[4]?.split(/ +/)).toEqual([lines[0]?.slice('/dev/'.length), `${session.pid}`]);
    expect(lines).toHaveLength(5);
  });

  it('runs the login shell when no program is named', async () => {
    const session = await Typist.start(line, []);
    await session.types('echo "<$0>" "$SHLVL" "$-"; exit 3\n');
    expect(await session.ended()).toBe(3);
    expect(session.shown).toMatch(/<-\w*sh> 1 \w*i\w*\r\n/);
  });

  it('runs jobs: ^C, ^Z and fg reach the program in the foreground', async () => {
    const session = await Typist.start(line, ['bash', '--norc']);
    await session.types('sleep 60\n');
    await eventually(() => commandsOf(session.id)).toContain('sleep 60');
    await session.types('\x03');
    await eventually(() => commandsOf(session.id)).not.toContain('sleep 60');
    await session.types('sleep 61\n');
    await eventually(() => commandsOf(session.id)).toContain('sleep 61');
    await session.types('\x1a');
    await session.shows(/Stopped +sleep 61/);
    await session.types('kill %1; fg; exit 4\n');
    expect(await session.ended()).toBe(4);
  });

  it('sends ^C to a program that shares the group of its keeper', async () => {
    const session = await Typist.start(line, ['sh', '-c', 'echo up; exec sleep 60']);
    await session.shows(/up/);
    await session.types('\x03');
    expect(await session.ended()).toBe(130);
  });

  it('changes its size, and tells the program in the foreground', async () => {
    const script = 'trap "stty size" WINCH; echo up; while :; do sleep 0.05; done';
    const session = await Typist.start(line, ['bash', '-c', script]);
    await session.shows(/up/);
    await session.resize(100, 30);
    await session.shows(/30 100/);
    await session.resize(65_535, 1);
    await session.shows(/1 65535/);
    for (const [columns, rows] of [
      [0, 24],
      [80, 0],
      [65_536, 24],
      [2 ** 32 - 1, 1],
    ] as const)
      await expect(session.resize(columns, rows)).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    await session.signal(9);
    expect(await session.ended()).toBe(137);
    await expect(session.resize(80, 24)).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
  });

  it('is needed for a size', async () => {
    const { id } = await line.start(['sleep', '60']);
    const resize = { sessionId: id, size: { columns: 80, rows: 24 } };
    const refused = line.ask({ $case: 'resize', value: resize }, 'done');
    await expect(refused).rejects.toMatchObject({
      reason: 'INVALID_ARGUMENT',
      message: 'the session has no terminal',
    });
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 0 } }, 'ended');
  });

  it('gets signals for the program in its foreground alone', async () => {
    const session = await Typist.start(line, ['bash', '--norc']);
    await session.types('sleep 62; echo "was $?"\n');
    await eventually(() => commandsOf(session.id)).toContain('sleep 62');
    await session.signal(9);
    await session.shows(/was 137/);
    await session.types('exit\n');
    expect(await session.ended()).toBe(0);
  });
});

describe('the bytes of a terminal', () => {
  const ALL = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

  it('are all passed on unchanged in raw mode, both ways', async () => {
    const script = 'stty raw -echo; echo up; exec head -c 512';
    const session = await Typist.start(line, ['sh', '-c', script]);
    await session.shows(/up\n/);
    await session.types(Buffer.concat([ALL, ALL]));
    expect(await session.ended()).toBe(0);
    expect(session.shown).toBe(`up\n${ALL.toString('latin1').repeat(2)}`);
  });

  it('pasted faster than they are read are neither lost nor in the way', async () => {
    const bytes = Buffer.alloc(1024 * 1024, 'pasted text that is long, ');
    const script = `stty raw -echo; echo up; read -r go </dev/null; sleep 0.5; head -c ${bytes.length} | md5sum; stty size`;
    const session = await Typist.start(line, ['sh', '-c', script]);
    await session.shows(/up\n/);
    const pasted = session.types(bytes);
    await session.resize(90, 20);
    await pasted;
    expect(await session.ended()).toBe(0);
    expect(session.shown).toContain(createHash('md5').update(bytes).digest('hex'));
    expect(session.shown).toContain('20 90');
  });

  it('printed last are read, whoever still has the terminal open', async () => {
    const script = 'trap "" HUP; sleep 60 & seq 1 30000; exit 5';
    const session = await Typist.start(line, ['sh', '-c', script]);
    expect(await session.ended()).toBe(5);
    const { all } = await line.read(session.id);
    expect(all.endsWith('\r\n29999\r\n30000\r\n')).toBe(true);
    await session.end(0);
  });

  it('that nobody reads do not stop the program, and ^C ends a flood', async () => {
    const { id } = await line.start(['sh', '-c', 'stty -echo; yes; echo after; exit 6'], {
      terminal: { columns: 80, rows: 24 },
      outputLimit: 2 ** 20,
    });
    const reader = line.beginRead(id, { hold: true, credit: 65_536 });
    await eventually(() =>
      line.frames.some(({ body }) => body?.$case === 'output' && body.value.reader === reader),
    ).toBe(true);
    line.send({ $case: 'hold', value: { reader, hold: false } }, 0);
    await line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from('\x03') } }, 'credit');
    await line.take('exited', ({ body }) => body?.$case === 'exited' && body.value.sessionId === id);
  });
});

describe('a full-screen program', needs('tmux'), () => {
  it('draws itself again when the size changes, and what it leaves in the background ends too (X3)', async () => {
    const tmux = ['tmux', '-f', '/dev/null', '-L', `terminal-${process.pid}`];
    const session = await Typist.start(line, [...tmux, 'new-session', 'sh'], {
      environment: { TERM: Buffer.from('xterm') },
    });
    await session.shows(/\[0\] 0:/);
    await session.types('echo some"thing"\r');
    await session.shows(/something/);
    const before = session.shown.length;
    await session.resize(60, 20);
    await expect.poll(() => session.shown.slice(before)).toMatch(/something/);
    await session.types('stty size\r');
    await session.shows(/19 60/);
    const { survivors } = await session.end(2000);
    expect(survivors).toEqual([]);
    await session.ended();
    await eventually(() => processesOf(session.id)).toEqual([]);
  });
});

describe('a link with terminals', () => {
  it('keeps only the ends of pipes open, and needs no more memory for a flood', async () => {
    const link = daemon.links[0]?.process.pid;
    const descriptors = (): number => readdirSync(`/proc/${link}/fd`).length;
    const memory = (): number =>
      Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${link}/status`, 'latin1'))?.[1]);
    const idle = descriptors();
    const session = await Typist.start(line, ['sh', '-c', 'read go; head -c 30000000 /dev/zero; read go']);
    const plain = await line.start(['cat'], { input: true });
    expect([session, plain].map(({ id }) => openedFor(id))).toEqual([3, 4]);
    const before = memory();
    await session.types('go\n');
    await expect.poll(() => session.shown.length, { timeout: 30_000 }).toBeGreaterThan(30_000_000);
    expect(memory() - before).toBeLessThan(32 * 1024); // KiB
    for (const { id } of [session, plain])
      await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 1000 } }, 'ended');
    await eventually(descriptors).toBeLessThanOrEqual(idle); // registering may have used one more

    /** Counts the link's pipes with the session's processes. */
    function openedFor(id: string): number {
      const pipesOf = (pid: number | undefined): string[] =>
        readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
          try {
            return [readlinkSync(`/proc/${pid}/fd/${fd}`)].filter((target) => target.startsWith('pipe:'));
          } catch {
            return []; // closed meanwhile
          }
        });
      const theirs = new Set(processesOf(id).flatMap(pipesOf));
      return pipesOf(link).filter((pipe) => theirs.has(pipe)).length;
    }
  });
});

describe('the end of a terminal', () => {
  it('leaves no process of the session, its keeper or the helpers', async () => {
    const session = await Typist.start(line, ['bash', '--norc']);
    await session.types('setsid sleep 63 & (trap "" HUP TERM; exec sleep 64) & sleep 65\n');
    // setsid(1) is there twice until it has left its group of processes.
    const sleeping = (): string[] => commandsOf(session.id).filter((command) => /^sleep/.test(command));
    await eventually(() => sleeping().toSorted()).toEqual(['sleep 63', 'sleep 64', 'sleep 65']);
    await eventually(() => processesOf(session.id).length).toBe(7);
    const helpers = readProcesses().filter(
      ({ pid, parent }) => parent === session.pid && pid !== session.pid,
    );
    expect(helpers).toHaveLength(3);
    const { processes, survivors } = await session.end(200);
    expect({ processes, survivors }).toEqual({ processes: 4, survivors: [] });
    await session.ended();
    await eventually(() => processesOf(session.id)).toEqual([]);
  });

  it('is reported when keeper and helpers are gone, too, and after the last output', async () => {
    const script = 'trap "echo bye; exit 21" TERM; echo up; while :; do sleep 0.02; done';
    const session = await Typist.start(line, ['bash', '-c', script]);
    await session.shows(/up/);
    expect(await session.end(10_000)).toMatchObject({ survivors: [] });
    expect(processesOf(session.id)).toEqual([]);
    expect(await session.ended()).toBe(21);
    expect(session.shown).toMatch(/bye\r\n$/);
  });

  it('does not wait for the helpers, which ignore SIGTERM', async () => {
    const session = await Typist.start(line, ['cat']);
    const before = performance.now();
    expect(await session.end(20_000)).toMatchObject({ processes: 1, survivors: [] });
    expect(performance.now() - before).toBeLessThan(10_000);
    expect(await session.ended()).toBe(143);
    await eventually(() => processesOf(session.id)).toEqual([]);
  });

  it('is put off by no process that has left the session and opens it again and again', async () => {
    const open = `while [ -e "$T" ]; do sleep 0.01 <>"$T"; done`;
    const script = `T=$(tty); setsid env -i PATH=/usr/bin:/bin T="$T" sh -c '${open}' & sleep 0.3; exit 4`;
    const session = await Typist.start(line, ['bash', '-c', script]);
    expect(await session.ended()).toBe(4);
    await eventually(() => processesOf(session.id)).toEqual([]);
  });

  it('comes with a hangup when a helper is killed', async () => {
    const session = await Typist.start(line, ['cat']);
    const isHelper = ({ pid, parent }: { pid: number; parent: number }): boolean =>
      parent === session.pid && markOf(pid) === session.id;
    await eventually(() => readProcesses().filter(isHelper).length).toBe(3);
    const [, reader] = readProcesses().filter(isHelper);
    process.kill(reader?.pid ?? 0, 'SIGKILL');
    expect([1, 129]).toContain(await session.ended()); // SIGHUP, or a failed read if that is noticed first
    await eventually(() => processesOf(session.id)).toEqual([]);
  });
});
