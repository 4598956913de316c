import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endedAs, FakeLink } from '../../../test/support/link/fake-link.ts';
import {
  fake,
  link,
  sessionId,
  start,
  withRegisteredLink,
} from '../../../test/support/link/registered-link.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import { CleanupLink } from '../starters/cleanup-link.ts';
import { endSession } from './end-session.ts';
import { ProcessTable } from './process-table.ts';

/** Pid that no process of a Linux kernel has. */
const NO_PROCESS = 2 ** 22;

describe('the end of a session', () => {
  withRegisteredLink();

  const ending = (keeper: number, table: Pick<ProcessTable, 'read'> = new ProcessTable()) =>
    endSession(
      { link, cgroup: undefined, keeper, table, cleanUp: async () => undefined },
      { id: sessionId, uid: me.uid, linux_user: me.username, command: '["true"]' },
      0,
    );

  test('at most a hundred survivors are reported, and never a process group', async () => {
    await start();
    const survivors = Array.from({ length: 5000 }, () => ({ pid: -1, uid: 0, command: 'x\u001b[31m' }));
    fake.answers = { end: () => ({ $case: 'ended', value: endedAs(sessionId, { survivors }) }) };
    const parts = await ending(0);
    expect(parts.survivors).toHaveLength(100);
    expect(parts.survivors[0]).toEqual({ pid: 0, linuxUser: 'root', command: 'x\ufffd[31m', sessionId });
  });

  test("survivors that a link alone names are not looked up, and not said to be the server's finding", async () => {
    await start();
    const survivors = [1, 1_234_567, me.uid].map((uid, at) => ({ pid: at + 1, uid, command: '' }));
    fake.answers = { end: () => ({ $case: 'ended', value: endedAs(sessionId, { survivors }) }) };
    const theirs = { command: 'true', sessionId };
    expect((await ending(0)).survivors).toEqual([
      { pid: 1, linuxUser: 'uid 1', ...theirs },
      { pid: 2, linuxUser: 'uid 1234567', ...theirs },
      { pid: 3, linuxUser: me.username, ...theirs },
    ]);
  });

  test('an end that the server could not see below a keeper is verified by the link alone', async () => {
    const keeper = spawn('sleep', ['60']);
    await start();
    fake.answers = { end: () => ({ $case: 'ended', value: endedAs(sessionId) }) };
    expect(await ending(NO_PROCESS)).toMatchObject({ hasEnded: true, verifiedBy: 'link' });
    await start();
    fake.answers = {
      end: () => {
        keeper.kill('SIGKILL');
        return { $case: 'ended', value: endedAs(sessionId) };
      },
    };
    expect(await ending(keeper.pid ?? 0)).toMatchObject({ hasEnded: true, verifiedBy: 'both' });
  });

  test('no more processes are said to have ended than the server saw', async () => {
    const keeper = spawn('sleep', ['62']);
    await start();
    fake.answers = {
      end: () => {
        keeper.kill('SIGKILL');
        return { $case: 'ended', value: endedAs(sessionId, { processes: 5000 }) };
      },
    };
    const { hasEnded, processes } = await ending(keeper.pid ?? 0);
    expect([hasEnded, processes < 5000]).toEqual([true, true]);
  });

  test('an end is not believed that the server was blind for before, whatever it sees later', async () => {
    await start();
    fake.answers = { end: () => ({ $case: 'ended', value: endedAs(sessionId) }) };
    const table = new ProcessTable();
    let reads = 0;
    const read = async () => (reads++ === 0 ? undefined : table.read());
    expect(await ending(process.pid, { read })).toMatchObject({
      hasEnded: false,
      survivors: [{ isUnconfirmed: true }],
    });
  });

  test('what the server sees below a keeper has survived, and is said to be seen', async () => {
    const keeper = spawn('sh', ['-c', 'sleep 61 & echo $!; wait'], { detached: true });
    const [line] = await once(keeper.stdout, 'data');
    await start();
    fake.answers = { end: () => ({ $case: 'ended', value: endedAs(sessionId) }) };
    const survivor = { pid: Number(line), linuxUser: me.username, command: 'sleep 61', sessionId };
    expect(await ending(keeper.pid ?? 0)).toMatchObject({
      hasEnded: false,
      survivors: [{ ...survivor, isSeen: true }],
    });
    process.kill(-(keeper.pid ?? 0), 'SIGKILL');
  });
});

test('a session whose link is gone is ended by a process that is started for this', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-ending-'));
  const says = join(folder, 'says');
  const cleanup = new CleanupLink({
    ownProgram: ['/bin/sh', '-c', `cat ${says}`],
    runFolder: folder,
    usesSudo: () => false,
    cgroups: undefined,
    log: { warn: () => {} },
  });
  await using world = await World.open({ cleanup });
  await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
  await world.links.register({ socket: fake.name, daemon: true }, me.uid);
  const claims = await world.login();
  const plain = { command: ['sleep', '60'], environment: {}, directory: '', input: false };
  const { id } = await world.sessions.start({ claims, ...plain });
  fake.isSilent = true;
  fake.hangUp();
  await world.until('its loss', () => world.links.find(fake.name)?.state === 'lost' || undefined);
  const exited = encodeFrame({ request: 1, body: { $case: 'exited', value: { sessionId: id, status: 3 } } });
  const ended = encodeFrame({ request: 1, body: { $case: 'ended', value: endedAs(id) } });
  writeFileSync(says, Buffer.concat([exited, ended]));
  expect(await world.end(id)).toMatchObject({ sessions: [id], survivors: [] });
  expect(await world.session(id, () => true)).toMatchObject({ state: 'ended', exitStatus: 3 });
  rmSync(folder, { recursive: true });
});
