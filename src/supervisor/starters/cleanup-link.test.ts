import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endedAs } from '../../../test/support/link/fake-link.ts';
import { needs } from '../../../test/support/needs.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import type { Body } from '../../link-protocol/protocol.ts';
import { isPidFree } from '../../native/pidfd.ts';
import type { LinkCgroup } from '../cgroups/link-cgroup.ts';
import { CleanupLink, type CleanupLinkOptions } from './cleanup-link.ts';

/** Accounts and what `id` prints for them: one of Debian, one of the world with two groups, a deleted one. */
const GAMES = { uid: 5, ids: '5\n60\n60\n' };
const BOB = { uid: 7003, ids: '7003\n7003\n7003 7101\n' };
const DELETED = { uid: 59_999, ids: '59999\n65534\n65534\n' };

let folder: string;
let warnings: object[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-cleanup-'));
  chmodSync(folder, 0o777);
  warnings = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

interface World {
  readonly uid?: number;
  readonly cgroups?: CleanupLinkOptions['cgroups'];
  readonly ids?: readonly string[];
}

/** Ends sessions by a process that runs `script`; returns what it says of them. */
function endAllBy(script: string, { uid = userInfo().uid, cgroups, ids = ['s1'] }: World = {}) {
  const cleanup = new CleanupLink({
    ownProgram: ['/bin/sh', '-c', script],
    runFolder: folder,
    usesSudo: () => false,
    cgroups,
    log: { warn: (details) => void warnings.push(details) },
  });
  return Promise.all(ids.map((id) => cleanup.end({ id, uid, linux_user: 'games' }, 0)));
}

async function endBy(script: string, world: World = {}) {
  const [said] = await endAllBy(script, world);
  return said;
}

describe("a server of root ends an account's sessions", needs('root'), () => {
  const printIds = () => `(id -u; id -g; id -G) >${folder}/ids`;

  test.each([
    ['its own group', GAMES],
    ['no group when it has been deleted', DELETED],
  ])('with %s', async (_, { uid, ids }) => {
    expect(await endBy(printIds(), { uid })).toBeUndefined();
    expect(readFileSync(join(folder, 'ids'), 'utf8')).toBe(ids);
  });

  test('with all its groups', needs('world'), async () => {
    await endBy(printIds(), { uid: BOB.uid });
    expect(readFileSync(join(folder, 'ids'), 'utf8')).toBe(BOB.ids);
  });

  test('in a cgroup that only root may add processes to', async () => {
    const joinFile = join(folder, 'cgroup.procs');
    writeFileSync(joinFile, '', { mode: 0o600 });
    const whole = { end: async () => ({ killed: [], left: [] }) };
    const made = { joinFile, whole } as unknown as LinkCgroup;
    await endBy(printIds(), { uid: GAMES.uid, cgroups: { withNewLink: (_, work) => work(made) } });
    expect(readFileSync(joinFile, 'utf8')).toMatch(/^\d+\n$/);
    expect(readFileSync(join(folder, 'ids'), 'utf8')).toBe(GAMES.ids);
  });
});

describe('a process that ends sessions', () => {
  const ended = (sessionId: string, more = {}): Body => ({
    $case: 'ended',
    value: endedAs(sessionId, more),
  });
  const exited = (sessionId: string): Body => ({ $case: 'exited', value: { sessionId, status: 3 } });
  const survivor = (length: number) => ({ pid: 9, uid: 9, command: 'x'.repeat(length) });

  /** Returns a script that says `bodies`, and then does not end. */
  function saying(...bodies: Body[]): string {
    writeFileSync(
      join(folder, 'says'),
      Buffer.concat(bodies.map((body) => encodeFrame({ request: 1, body }))),
    );
    return `echo $$ >${folder}/pid; cat ${folder}/says; exec sleep 600`;
  }

  test('says how a session has ended', async () => {
    const script = `${saying(exited('s1'), ended('s1'))}`.replace(/exec .*/, '');
    expect(await endBy(script)).toEqual({ ended: endedAs('s1'), status: 3 });
    expect(warnings).toEqual([]);
  });

  test.each<[string, Body[]]>([
    ['the end of a session that was not asked for', [ended('s1'), ended('s2')]],
    ['the exit of a session that was not asked for', [ended('s1'), exited('s2')]],
    ['the end of a session twice', [ended('s1'), ended('s1')]],
    ['the exit of a session twice', [ended('s1'), exited('s1'), exited('s1')]],
    ['something else', [ended('s1'), { $case: 'ping', value: {} }]],
  ])('is killed, and not believed, when it says %s', async (_, bodies) => {
    expect(await endBy(saying(...bodies))).toBeUndefined();
    await isKilled('INVALID_ARGUMENT');
  });

  test('is killed, and not believed, when it says more than is kept', async () => {
    const ids = ['s1', 's2', 's3'];
    const script = saying(...ids.map((id) => ended(id, { survivors: [survivor(400_000)] })));
    expect(await endAllBy(script, { ids })).toEqual([undefined, undefined, undefined]);
    await isKilled('LIMIT_EXCEEDED');
  });

  test('is believed when it says as much as is kept', async () => {
    const ids = ['s1', 's2'];
    const most = 1024 * 1024 + 256 * ids.length;
    const last = (length: number): Body => ended('s2', { survivors: [survivor(length)] });
    const first = ended('s1', { survivors: [survivor(500_000)] });
    saying(first, last(500_000));
    const script = saying(first, last(500_000 + most - statSync(join(folder, 'says')).size));
    expect(statSync(join(folder, 'says')).size).toBe(most);
    const said = await endAllBy(script.replace(/exec .*/, ''), { ids });
    expect(said.map((one) => one?.ended.sessionId)).toEqual(ids);
  });

  async function isKilled(reason: string): Promise<void> {
    expect(warnings).toMatchObject([{ err: { reason } }]);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    await expect.poll(() => isPidFree(pid)).toBe(true);
  }

  test('names at most 100 survivors of a session', async () => {
    const survivors = Array.from({ length: 150 }, () => survivor(1));
    const script = saying(ended('s1', { survivors })).replace(/exec .*/, '');
    expect((await endBy(script))?.ended.survivors).toHaveLength(100);
  });
});
