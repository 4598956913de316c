import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Cgroup } from './cgroup.ts';
import { LinkCgroup } from './link-cgroup.ts';
import { RemovedOomKills } from './session-cgroup.ts';

const EVENTS = 'low 0\nhigh 0\nmax 31\noom 2\noom_kill 2\noom_group_kill 0\n';

/** A folder like a link's cgroup with a session, of which the kernel writes `events`. */
function linkWith(events?: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cgroup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'session-s1'));
  if (events !== undefined) writeFileSync(join(folder, 'session-s1/memory.events'), events);
  const removed = new RemovedOomKills();
  return { removed, link: new LinkCgroup(new Cgroup(folder), removed) };
}

test("a session's processes that the kernel killed for their memory are known, also after its cgroup", async () => {
  const { removed, link } = linkWith(EVENTS);
  const session = await link.session('s1');
  expect(await session?.oomKills()).toBe(2);
  expect(removed.of('s1')).toBeUndefined();
  await session?.remove();
  expect(removed.of('s1')).toBe(2);
});

test('they are known also when the cgroup goes with that of its link', async () => {
  const { removed, link } = linkWith(EVENTS);
  await link.remove();
  expect(removed.of('s1')).toBe(2);
});

test('they are unknown where the kernel counts none', async () => {
  const { removed, link } = linkWith();
  expect(await (await link.session('s1'))?.oomKills()).toBeUndefined();
  await link.remove();
  expect(removed.of('s1')).toBeUndefined();
});

test('those of the ten thousand sessions that were removed last are remembered', () => {
  const removed = new RemovedOomKills();
  for (let at = 0; at <= 10_000; at += 1) removed.remember(`s${at}`, at);
  expect(['s0', 's1', 's10000'].map((id) => removed.of(id))).toEqual([undefined, 1, 10_000]);
});
