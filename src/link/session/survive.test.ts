import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { Random } from '../../../test/support/run/random.ts';
import { SEED } from '../../../test/support/run/seed.ts';
import { makePipe } from '../../native/pipe.ts';
import { OutputLog } from '../output/output-log.ts';
import { bootId, SessionFolder } from './session-folder.ts';

let daemon: FakeDaemon;
let link: StartedLink;
let line: Line;
beforeEach(async () => {
  daemon = await FakeDaemon.open();
  ({ link, line } = await daemon.link());
});
afterEach(() => daemon[Symbol.asyncDispose]());

const LINES = 200_000;
const WHOLE = Array.from({ length: LINES }, (_, index) => `${index + 1}\n`).join('');

async function killLink(): Promise<void> {
  link.process.kill('SIGKILL');
  await link.exit;
}

/** A new link that takes the sessions over. */
async function adopt(...ids: string[]) {
  ({ link, line } = await daemon.link());
  const { sessions } = await line.ask({ $case: 'adopt', value: { sessionIds: ids } }, 'sessions');
  return sessions;
}

const random = new Random(SEED);

describe('a session outlives its link', () => {
  it.each([0, 1, 2, 3, 4])(
    'killed while it prints: every line arrives once, and the status (run %d)',
    async (run) => {
      const { id } = await line.start(['sh', '-c', `seq 1 ${LINES}; exit 3`]);
      const kills = 1 + (run % 3);
      for (let kill = 0; kill < kills; kill += 1) {
        await sleep(random.next() * 40);
        await killLink();
        expect(await adopt(id)).toHaveLength(1);
      }
      const { all, status } = await line.read(id);
      expect(all === WHOLE).toBe(true);
      expect(status).toBe(3);
    },
  );

  it('that ended meanwhile: its last output and its status are known', async () => {
    const { id, pid } = await line.start(
      ['sh', '-c', 'read go; echo last words; echo complaint >&2; exit 4'],
      {
        input: true,
      },
    );
    await killLink();
    process.kill(pid, 0); // the keeper lives
    const [state] = await adopt(id);
    expect(state).toMatchObject({ sessionId: id, pid, exited: undefined });
    await line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from('go\n') } }, 'credit');
    await line.seen((body) => body.$case === 'exited');
    await killLink();
    expect(await adopt(id)).toMatchObject([{ pid, exited: { sessionId: id, status: 4 }, elsewhere: false }]);
    expect(await line.read(id)).toMatchObject({ stdout: 'last words\n', stderr: 'complaint\n', status: 4 });
  });

  it('that ended while there was no link', async () => {
    const gate = join(daemon.folder, 'gate');
    const script = `while [ ! -e ${gate} ]; do sleep 0.02; done; seq 1 5000; echo err >&2; exit 6`;
    const { id } = await line.start(['sh', '-c', script]);
    await killLink();
    writeFileSync(gate, '');
    await eventually(() => existsSync(join(daemon.sessions, id, 'status.6'))).toBe(true);
    await adopt(id);
    expect(await line.read(id)).toMatchObject({ stdout: WHOLE.slice(0, 23_893), stderr: 'err\n', status: 6 });
  });

  it('keeps its input open, and the next link closes it', async () => {
    const { id } = await line.start(['cat'], { input: true });
    const stdin = (text: string) =>
      line.ask({ $case: 'stdin', value: { sessionId: id, data: Buffer.from(text) } }, 'credit');
    await stdin('one\n');
    await killLink();
    await adopt(id);
    await stdin('two\n');
    await line.ask({ $case: 'closeStdin', value: { sessionId: id } }, 'done');
    expect(await line.read(id)).toMatchObject({ stdout: 'one\ntwo\n', status: 0 });
  });

  it('keeps the input of many sessions open, in whatever order they start', async () => {
    const started = await Promise.all(Array.from({ length: 25 }, () => line.start(['cat'], { input: true })));
    const ids = started.map(({ id }) => id);
    await killLink();
    const states = await adopt(...ids);
    expect(states.filter(({ exited }) => exited !== undefined)).toEqual([]);
    for (const id of ids) await line.ask({ $case: 'closeStdin', value: { sessionId: id } }, 'done');
    for (const id of ids) expect((await line.read(id)).status).toBe(0);
  });

  it('and the next link can signal and end it', async () => {
    const one = await line.start(['sleep', '60']);
    const two = await line.start(['sleep', '60']);
    await killLink();
    await adopt(one.id, two.id);
    await line.ask({ $case: 'signal', value: { sessionId: one.id, signal: 15 } }, 'done');
    expect((await line.read(one.id)).status).toBe(143);
    const ended = await line.ask(
      { $case: 'end', value: { sessionId: two.id, graceMilliseconds: 2000 } },
      'ended',
    );
    expect(ended).toEqual({ sessionId: two.id, processes: 1, survivors: [], incomplete: false });
    expect((await line.read(two.id)).status).toBe(143);
  });

  it('that exits by itself or because of a signal', async () => {
    const { id } = await line.start(['sh', '-c', 'read go; exit 5'], { input: true });
    link.process.kill('SIGTERM');
    expect(await line.take('stopped')).toEqual({ ended: [] });
    expect(await link.exit).toBe(0);
    await adopt(id);
    const stopping = line.ask(
      { $case: 'stop', value: { retire: false, endSessions: false, graceMilliseconds: 0 } },
      'stopped',
    );
    expect(await stopping).toEqual({ ended: [] });
    expect(await link.exit).toBe(0);
    expect(await adopt(id)).toMatchObject([{ exited: undefined }]);
    await line.ask({ $case: 'closeStdin', value: { sessionId: id } }, 'done');
    expect((await line.read(id)).status).toBe(5);
  });
});

describe('taking over', () => {
  it('leaves a session with the link that has it', async () => {
    const { id } = await line.start(['sh', '-c', 'read go; echo hello'], { input: true });
    const first = line;
    expect(await adopt(id)).toMatchObject([{ sessionId: id, elsewhere: true }]);
    await expect(line.read(id)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    await first.ask({ $case: 'closeStdin', value: { sessionId: id } }, 'done');
    expect(await first.read(id)).toMatchObject({ stdout: 'hello\n' });
  });

  it('waits for the files of a link that is just ending', async () => {
    const { id } = await line.start(['sleep', '60']);
    await killLink();
    const folder = SessionFolder.open(daemon.sessions, id) as SessionFolder;
    const log = OutputLog.take(folder);
    setTimeout(() => log?.[Symbol.dispose](), 200);
    expect(await adopt(id)).toMatchObject([{ sessionId: id, exited: undefined, elsewhere: false }]);
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 0 } }, 'ended');
  });

  it('takes a session of another link as soon as that is gone', async () => {
    const { id } = await line.start(['sh', '-c', 'read go; echo hello'], { input: true });
    const first = link;
    expect(await adopt(id)).toMatchObject([{ elsewhere: true }]);
    first.process.kill('SIGKILL');
    await first.exit;
    const again = await line.ask({ $case: 'adopt', value: { sessionIds: [id] } }, 'sessions');
    expect(again.sessions).toMatchObject([{ sessionId: id, exited: undefined, elsewhere: false }]);
    await line.ask({ $case: 'closeStdin', value: { sessionId: id } }, 'done');
    expect(await line.read(id)).toMatchObject({ stdout: 'hello\n' });
  });

  it('leaves the keeper of a session that another link ends the time to record the status', async () => {
    const { id, pid } = await line.start(['sh', '-c', 'echo $$; exec sleep 60']);
    const first = line;
    await eventually(async () => (await line.read(id, { follow: false })).stdout).toMatch(/\d+\n/);
    const program = Number((await line.read(id, { follow: false })).stdout);
    await adopt(id);
    process.kill(pid, 'SIGSTOP');
    await eventually(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') T ');
    process.kill(program, 'SIGKILL');
    await eventually(() => readFileSync(`/proc/${program}/stat`, 'utf8')).toContain(') Z ');
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 0 } }, 'ended');
    expect((await first.read(id)).status).toBe(137);
  });

  it('finds no unknown session, and nothing outside of the folder', async () => {
    expect(await adopt('unknown', '..', '../../../etc', '')).toEqual([]);
  });

  it('prevents the start of a program that was not yet started when its link died', async () => {
    const folder = leftSession('half-started', 'x');
    const unknown = { sessionId: 'half-started', status: undefined };
    expect(await adopt('half-started')).toMatchObject([
      { sessionId: 'half-started', pid: 0, exited: unknown },
    ]);
    expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe('0 0\n'); // the file with which a keeper begins
    rmSync(folder, { recursive: true });
  });

  it('starts no program that was held when its link died', async () => {
    const proof = join(daemon.folder, 'proof');
    const { sessionId, pid } = await line.hold(['touch', proof]);
    await killLink();
    expect(await adopt(sessionId)).toMatchObject([{ sessionId, pid: 0, exited: { status: undefined } }]);
    await eventually(() => isThere(pid)).toBe(false);
    expect(existsSync(proof)).toBe(false);
  });

  it.each([
    ['adopted', () => adopt('left')],
    ['ended', () => line.ask({ $case: 'end', value: { sessionId: 'left', graceMilliseconds: 0 } }, 'ended')],
  ])('takes no process for a keeper that has only been given its pid: %s', async (_name, act) => {
    // With as many descriptors as a keeper has, and in the same boot.
    const other = spawn('sleep', ['60'], { stdio: Array.from({ length: 9 }, () => 'pipe' as const) });
    const folder = leftSession('left', bootId());
    writeFileSync(join(folder, 'pid'), `${other.pid} 0\n`);
    await act();
    expect(await adopt('left')).toMatchObject([{ exited: { sessionId: 'left', status: undefined } }]);
    expect(await signalThatEnds(other)).toBe('SIGTERM');
    rmSync(folder, { recursive: true });
  });

  it('takes no process for the holder of the input that has only been given its pid', async () => {
    const { id, pid } = await line.start(['cat'], { input: true });
    await killLink();
    const ignored = Array.from({ length: 6 }, () => 'ignore' as const);
    const { read, write } = makePipe();
    const other = spawn('sleep', ['60'], { stdio: [...ignored, write] }); // where a holder has the input
    writeFileSync(join(daemon.sessions, id, 'pid'), `${pid} ${other.pid}\n`);
    await adopt(id);
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 1000 } }, 'ended');
    expect(await signalThatEnds(other)).toBe('SIGTERM');
    for (const fd of [read, write]) closeSync(fd);
  });

  it('of a session from before the last boot: it has ended, whatever process has its pid', async () => {
    const { id } = await line.start(['sleep', '60']);
    await killLink();
    const file = join(daemon.sessions, id, 'record.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(bootId(), 'another'));
    expect(await adopt(id)).toMatchObject([
      { exited: { sessionId: id, status: undefined }, elsewhere: false },
    ]);
  });

  it('of a session whose keeper was killed: its program is ended, its status unknown', async () => {
    const { id, pid } = await line.start(['sh', '-c', 'echo $$; exec sleep 60']);
    await line.ask({ $case: 'list', value: {} }, 'sessions');
    await eventually(async () => (await line.read(id, { follow: false })).stdout).toMatch(/\d+\n/);
    const program = Number((await line.read(id, { follow: false })).stdout);
    await killLink();
    process.kill(pid, 'SIGKILL');
    expect(await adopt(id)).toMatchObject([{ pid, exited: { sessionId: id, status: undefined } }]);
    await eventually(() => isThere(program)).toBe(false);
  });
});

it('a killed keeper ends the session and its processes', async () => {
  const { id, pid } = await line.start(['sh', '-c', 'echo $$; exec sleep 60']);
  await eventually(async () => (await line.read(id, { follow: false })).stdout).toMatch(/\d+\n/);
  const program = Number((await line.read(id, { follow: false })).stdout);
  process.kill(pid, 'SIGKILL');
  expect(await line.take('exited')).toEqual({ sessionId: id, status: undefined });
  await eventually(() => isThere(program)).toBe(false);
});

/** Makes the folder of a session that a link of boot `boot` has left before its keeper wrote its pid. */
function leftSession(id: string, boot: string): string {
  const folder = join(daemon.sessions, id);
  mkdirSync(folder, { mode: 0o700 });
  const record = { id, command: ['true'], bootId: boot, createdAt: 1, outputLimit: 1 };
  writeFileSync(join(folder, 'record.json'), JSON.stringify(record));
  writeFileSync(join(folder, 'output'), '');
  writeFileSync(join(folder, 'streams'), Buffer.alloc(8));
  return folder;
}

/** Sends SIGTERM; resolves with the signal that has ended the process: another one if that came first. */
async function signalThatEnds(child: ChildProcess): Promise<NodeJS.Signals | null> {
  if (child.signalCode !== null) return child.signalCode;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
  return child.signalCode;
}

/** Zombies, which only their parent can reap, do not count. */
function isThere(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}
