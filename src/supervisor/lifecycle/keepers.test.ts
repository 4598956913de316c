import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';
import { LinkRegistry } from '../registry.ts';
import { Keepers } from './keepers.ts';

/** Pid that no process of a Linux kernel has. */
const NO_PROCESS = 2 ** 22;

let world: World;
let keepers: Keepers;
let child: ChildProcess;
let other: ChildProcess;
beforeEach(async () => {
  world = await World.open();
  const log = { error: () => {} } as unknown as ConstructorParameters<typeof LinkRegistry>[1];
  keepers = new Keepers(new LinkRegistry(world.store, log), world.store);
  [child, other] = [spawn('sleep', ['60']), spawn('sleep', ['60'])];
});
afterEach(async () => {
  child.kill('SIGKILL');
  other.kill('SIGKILL');
  await world[Symbol.asyncDispose]();
});

const pidOf = ({ pid = 0 }: ChildProcess): number => pid;
const of = (id: string, uid = me.uid): Promise<number> => keepers.of({ id, uid });

test('a keeper is the running process of its user that its link has named first', async () => {
  keepers.name('s1', me.uid, pidOf(child));
  keepers.name('s1', me.uid, pidOf(other));
  expect(await of('s1')).toBe(pidOf(child));
  expect(await of('s1', me.uid + 1)).toBe(0);
  expect(await of('unknown')).toBe(0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await of('s1')).toBe(0);
  keepers.name('s1', me.uid, pidOf(other));
  expect(await of('s1')).toBe(0);
});

test.each([
  ['does not exist', NO_PROCESS],
  ['is not named', 0],
  ["is another user's", 1],
])('a keeper that %s is unknown, whatever is named later', async (_name, pid) => {
  keepers.name('s1', me.uid + (me.uid === 0 && pid === 1 ? 1 : 0), pid);
  keepers.name('s1', me.uid, pidOf(child));
  expect(await of('s1')).toBe(0);
  expect(await keepers.isGoneSoon({ id: 's1', uid: me.uid })).toBe(true);
});

test('a process is the keeper of one session only', async () => {
  for (const id of ['s1', 's2', 's3']) keepers.name(id, me.uid, pidOf(child));
  expect(await Promise.all(['s1', 's2', 's3'].map((id) => of(id)))).toEqual([pidOf(child), 0, 0]);
  await keepers.forget('s1');
  keepers.name('s4', me.uid, pidOf(child));
  expect(await of('s4')).toBe(pidOf(child));
});

test('a session that runs on has not ended, and one that has ended is forgotten', async () => {
  keepers.name('s1', me.uid, pidOf(child));
  expect(await keepers.isGoneSoon({ id: 's1', uid: me.uid })).toBe(false);
  await keepers.forgetEnded(me.uid + 1);
  expect(await of('s1')).toBe(pidOf(child));
  await keepers.forgetEnded(me.uid);
  expect(await of('s1')).toBe(0);
});

test('a process that cannot be read is not taken as gone', () => {
  const path = join(import.meta.dirname, 'listening-process.ts');
  const prepare = `const { startTimeOf } = await import(${JSON.stringify(path)});`;
  const script = `
    const pids = [process.pid, ${NO_PROCESS}];
    const looks = await Promise.all(pids.map((pid) => startTimeOf(pid, process.getuid())));
    process.on('exit', () => process.stdout.write(looks.join(' ')));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: 'unknown gone', stderr: '' });
});
