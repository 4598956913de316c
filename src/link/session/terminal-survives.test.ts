import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon, type StartedLink } from '../../../test/support/link/fake-daemon.ts';
import type { Line } from '../../../test/support/link/line.ts';
import { Typist } from '../../../test/support/link/typist.ts';
import { commandOf, markOf, readProcesses } from '../processes/processes.ts';

let daemon: FakeDaemon;
let link: StartedLink;
let line: Line;
beforeEach(async () => {
  daemon = await FakeDaemon.open();
  ({ link, line } = await daemon.link());
});
afterEach(() => daemon[Symbol.asyncDispose]());

/** Returns the processes of the session, its keeper and helpers included. */
function processesOf({ id }: Typist): number[] {
  return readProcesses()
    .filter(({ pid }) => markOf(pid) === id)
    .map(({ pid }) => pid);
}

/** Returns their commands. That of a job is there once the job has the terminal. */
const commandsOf = (session: Typist): string[] => processesOf(session).map(commandOf);

async function killLink(): Promise<void> {
  link.process.kill('SIGKILL');
  await link.exit;
}

/** A new link that takes the session over, and another one later. */
async function taken(session: Typist): Promise<Typist> {
  ({ link, line } = await daemon.link());
  const { sessions } = await line.ask({ $case: 'adopt', value: { sessionIds: [session.id] } }, 'sessions');
  expect(sessions).toMatchObject([{ sessionId: session.id, pid: session.pid, elsewhere: false }]);
  return session.over(line);
}

describe('a terminal outlives its link', () => {
  it('killed again and again: input, output, size and signals work again (X9)', async () => {
    let session = await Typist.start(line, ['bash', '--norc']);
    for (const round of [1, 2, 3]) {
      await session.types(`echo "round $((${round}))"; stty size\n`);
      await session.shows(new RegExp(`round ${round}\\r\\n`));
      await killLink();
      session = await taken(session);
      await session.resize(80 + round, 24);
      await session.types('stty size\n');
      await session.shows(new RegExp(`24 ${80 + round}\\r\\n`));
    }
    await session.types('sleep 60\n');
    await eventually(() => commandsOf(session)).toContain('sleep 60');
    await session.types('\x03');
    await eventually(() => commandsOf(session)).not.toContain('sleep 60');
    await session.types('sleep 60; echo "then $?"\n');
    await eventually(() => commandsOf(session)).toContain('sleep 60');
    await session.signal(15);
    await session.shows(/then 143/);
    await session.types('exit 9\n');
    expect(await session.ended()).toBe(9);
    await eventually(() => processesOf(session)).toEqual([]);
  });

  it('and the program prints on without one, until the pipe is full', async () => {
    const session = await Typist.start(line, ['sh', '-c', 'echo up; read go; seq 1 20000; exit 3']);
    await session.shows(/up/);
    await killLink();
    const next = await taken(session);
    await next.types('go\n');
    await killLink();
    const last = await taken(next);
    expect(await last.ended()).toBe(3);
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\r\n`).join('');
    expect((await line.read(session.id)).all).toBe(`up\r\ngo\r\n${numbers}`);
  });

  it('that ended while there was none: its last output and its status are known', async () => {
    const gate = join(daemon.folder, 'gate');
    const script = `echo up; while [ ! -e ${gate} ]; do sleep 0.02; done; echo last words; exit 6`;
    const session = await Typist.start(line, ['sh', '-c', script]);
    await session.shows(/up/);
    await killLink();
    writeFileSync(gate, '');
    await eventually(() => existsSync(join(daemon.sessions, session.id, 'status.6'))).toBe(true);
    await eventually(() => processesOf(session)).toEqual([session.pid]);
    const last = await taken(session);
    expect(await last.ended()).toBe(6);
    await last.shows(/^up\r\nlast words\r\n$/);
    await eventually(() => processesOf(session)).toEqual([]);
  });

  it('and the next link ends all of its processes', async () => {
    const session = await Typist.start(line, ['bash', '--norc']);
    await session.types('(trap "" HUP TERM; exec sleep 60) & setsid sleep 61\n');
    await eventually(() => processesOf(session).length).toBe(6);
    await killLink();
    const next = await taken(session);
    expect(await next.end(100)).toMatchObject({ processes: 3, survivors: [] });
    await eventually(() => processesOf(session)).toEqual([]);
  });
});
