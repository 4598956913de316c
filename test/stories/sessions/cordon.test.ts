/** Sessions that go on while somebody is kept from them: disconnected, cordoned, given to another login. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, alice, bob, dora, mallory, type Run, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;

/** Starts a shell of alice's that runs what it reads, after it has printed "before". */
async function shell(by = alice): Promise<string> {
  const run = await daemon.cli(by, ['start', '--detach', '-i', '--', 'sh', '-c', 'echo before; exec sh']);
  const id = run.stdout.trim();
  await expect.poll(async () => (await daemon.cli(by, ['sessions', 'read', id])).stdout).toBe('before\n');
  return id;
}

/** Attaches, and waits until all that was printed is there. */
async function attached(by: Account, id: string): Promise<Run> {
  const run = daemon.begin(by, ['attach', id, '-i'], { interactive: true });
  await run.printed(/before/);
  return run;
}

function logged(event: string): Record<string, unknown>[] {
  const lines = daemon.wholeLog.split('\n').filter((line) => line.includes(`"event":"${event}"`));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('keeping people from a session', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start({ config: { roles: { manager: { groups: ['latchkey-managers'] } } } });
    for (const account of [alice, bob, dora, mallory]) await daemon.link(account);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('a manager cordons a session: it goes on, its owner is cut and told why, also after a crash (F28)', async () => {
    const id = await shell();
    const following = daemon.begin(alice, ['sessions', 'read', '--follow', id]);
    await following.printed(/before/);
    const mine = await attached(alice, id);
    const cordon = ['sessions', 'cordon', id, '--message', 'kept for the audit'];
    expect((await daemon.cli(bob, [...cordon, '--dry-run'])).stdout).toBe(
      `Would cordon session ${id}, and disconnect 2 clients.\n`,
    );
    expect((await daemon.cli(bob, cordon)).stdout).toBe(
      `Cordoned session ${id}, and disconnected 2 clients.\n`,
    );
    const why = 'bob has cordoned this session: kept for the audit';
    const cut = await mine.finished;
    expect(cut).toMatchObject({ status: 255, stdout: 'before\n' });
    expect(cut.stderr).toContain(why);
    expect(cut.stderr).not.toContain('attach again');
    expect(await following.finished).toMatchObject({ status: 4, stderr: `latchkey: ${why}\n` });
    await daemon.end('SIGKILL');
    await daemon.serve();
    await expect.poll(async () => (await daemon.cli(alice, ['whoami'])).status).toBe(0);
    for (const argv of [
      ['sessions', 'read', id],
      ['attach', id],
    ])
      expect((await daemon.cli(alice, argv)).stderr).toBe(`latchkey: ${why}\n`);
    for (const person of [alice, bob]) {
      const { cordon: shown, state } = await daemon.as(person).session(id);
      expect([state, shown?.by, shown?.message]).toEqual(['running', 'bob', 'kept for the audit']);
    }
    expect((await daemon.cli(alice, ['sessions', '--filter', id])).stdout).toContain('running, cordoned');
    const other = await shell();
    for (const only of [['--cordoned'], ['--filter', 'cordoned']])
      expect((await daemon.cli(bob, ['sessions', ...only, '--quiet'])).stdout).toBe(`${id}\n`);
    expect((await daemon.cli(alice, ['sessions', 'end', other])).status).toBe(0);
    expect((await daemon.cli(alice, ['sessions', 'signal', id, 'CONT'])).status).toBe(0);
    expect((await daemon.cli(bob, ['sessions', 'uncordon', id])).stdout).toBe(`Uncordoned session ${id}.\n`);
    expect((await daemon.cli(alice, ['sessions', 'read', id])).stdout).toBe('before\n');
    expect((await daemon.cli(bob, [...cordon, '--quiet'])).stdout).toBe('');
    expect((await daemon.cli(alice, ['sessions', 'end', id])).status).toBe(0);
    expect(logged('session-cordoned')).toMatchObject([
      { session: id, login: 'alice', by: 'bob', cordon: 'kept for the audit' },
      { session: id, by: 'bob' },
    ]);
    expect(logged('session-uncordoned')).toMatchObject([{ session: id, by: 'bob' }]);
  });

  test('only managers cordon, and only administrators name another login (V3)', async () => {
    const id = await shell();
    expect((await daemon.cli(alice, ['sessions', 'cordon', id, '--message', 'mine'])).status).toBe(4);
    expect((await daemon.cli(mallory, ['sessions', 'cordon', id, '--message', 'mine'])).status).toBe(4);
    expect((await daemon.cli(bob, ['sessions', 'cordon', id])).status).toBe(2);
    expect((await daemon.cli(bob, ['sessions', 'cordon', id, '--message', 'a\nb'])).status).toBe(2);
    expect((await daemon.cli(bob, ['sessions', 'cordon', id, '--message', 'why'])).status).toBe(0);
    for (const person of [alice, mallory])
      expect((await daemon.cli(person, ['sessions', 'uncordon', id])).status).toBe(4);
    const denied = await daemon.cli(bob, ['sessions', 'uncordon', id, '--to', 'dora']);
    expect(denied).toMatchObject({ status: 4, stdout: '' });
    expect(denied.stderr).toContain('only administrators');
    const unknown = await daemon.cli(root, ['sessions', 'uncordon', id, '--to', 'nobody']);
    expect(unknown).toMatchObject({ status: 5, stdout: '' });
    expect((await daemon.cli(root, ['sessions', 'uncordon', id, '--with-output'])).status).toBe(2);
    expect(await daemon.as(alice).session(id)).toMatchObject({ login: 'alice', cordon: { by: 'bob' } });
    await daemon.as(alice).endSession(id);
  });

  test("a manager's session is not given away: its Linux user has a role (V3)", async () => {
    const id = await shell(bob);
    expect((await daemon.cli(root, ['sessions', 'cordon', id, '--message', 'why'])).status).toBe(0);
    const refused = await daemon.cli(root, ['sessions', 'uncordon', id, '--to', 'dora']);
    expect(refused).toMatchObject({ status: 4, stdout: '' });
    expect(refused.stderr).toContain('act as a manager');
    expect(await daemon.as(bob).session(id)).toMatchObject({ login: 'bob', cordon: { by: 'root' } });
    await daemon.as(bob).endSession(id);
  });

  test('a session that is given to another login runs on as its user, and hides what it had printed (V2, V3)', async () => {
    const id = await shell();
    const watching = async (who: Account): Promise<Run> => {
      const run = daemon.begin(who, ['sessions', '--watch', '--json']);
      await run.printed(/"complete"/);
      return run;
    };
    const hers = await watching(alice);
    const theirs = await watching(dora);
    const strangers = await watching(mallory);
    await daemon.cli(root, ['sessions', 'cordon', id, '--message', 'dora takes over']);
    const give = ['sessions', 'uncordon', id, '--to', 'dora'];
    const given = `It belongs to dora, who can read its output from byte 7 on.\n`;
    expect((await daemon.cli(root, [...give, '--dry-run'])).stdout).toContain('It would belong to dora');
    expect((await daemon.as(root).session(id)).login).toBe('alice');
    expect((await daemon.cli(root, give)).stdout).toBe(`Uncordoned session ${id}.\n${given}`);
    expect((await daemon.cli(root, give)).stdout, 'repeated').toContain(given);
    await hers.printed(new RegExp(`"gone","id":"${id}"`));
    await theirs.printed(new RegExp(`"there".*"id":"${id}","login":"dora","linuxUser":"alice"`));
    for (const argv of [
      ['show', id],
      ['read', id],
      ['end', id],
    ])
      expect((await daemon.cli(alice, ['sessions', ...argv])).status).toBe(5);
    const attach = daemon.begin(dora, ['attach', id, '-i'], { interactive: true });
    await expect.poll(() => attach.stderr).toContain('7 bytes of older output are not available');
    attach.child.stdin?.write('id -un; echo secret >&2\n');
    await attach.printed(/^alice$/m);
    attach.child.stdin?.write(`${program()} link --run ${daemon.runFolder}; echo status $?\n`);
    await attach.printed(/status 4/);
    const { stdout, stderr } = attach;
    expect(stdout).not.toContain('before');
    expect(stderr).toContain('given to another login');
    expect((await daemon.cli(dora, ['sessions', 'read', id])).stdout).not.toContain('before');
    const first = await daemon.cli(dora, ['sessions', 'read', id, '--offset', '0']);
    expect(first).toMatchObject({ stdout: '', stderr: expect.stringContaining('an earlier owner') });
    expect(first.status).not.toBe(0);
    expect(strangers.stdout).not.toContain(id);
    expect(await daemon.as(dora).session(id)).toMatchObject({ startedBy: 'alice', readableFrom: 7 });
    expect(logged('session-given')).toMatchObject([
      { session: id, login: 'dora', loginBefore: 'alice', linuxUser: 'alice', by: 'root', readableFrom: 7 },
    ]);
    await daemon.as(dora).endSession(id);
    for (const run of [hers, theirs, strangers, attach]) run.kill('SIGKILL');
  });

  test('its earlier output is for the new owner only if that is asked for (V3)', async () => {
    const id = await shell();
    await daemon.cli(root, ['sessions', 'cordon', id, '--message', 'why']);
    const give = ['sessions', 'uncordon', id, '--to', 'dora', '--with-output'];
    expect((await daemon.cli(root, give)).stdout).toContain('can read all of its output');
    expect((await daemon.cli(dora, ['sessions', 'read', id])).stdout).toBe('before\n');
    await daemon.as(dora).endSession(id);
  });

  test('an owner disconnects a forgotten client, and the program that it held up goes on', async () => {
    const script = `read -r _; head -c 30000000 /dev/zero; touch ${alice.home}/done`;
    const started = await daemon.cli(alice, ['start', '--detach', '-i', '--', 'sh', '-c', script]);
    const id = started.stdout.trim();
    const stalled = daemon.begin(alice, ['attach', id, '-i'], { interactive: true });
    await expect.poll(async () => (await daemon.as(alice).session(id)).attached).toBe(1);
    stalled.child.stdin?.write('go\n');
    await stalled.printed(/\0/);
    stalled.kill('SIGSTOP');
    const isDone = (): boolean => existsSync(`${alice.home}/done`);
    expect(isDone()).toBe(false);
    const { stdout } = await daemon.cli(alice, ['sessions', 'disconnect', id]);
    expect(stdout).toBe('Disconnected 1 client.\n');
    await expect.poll(async () => (await daemon.as(alice).session(id)).state).toBe('ended');
    expect(isDone()).toBe(true);
    stalled.kill('SIGCONT');
    const end = await stalled.finished;
    expect(end.status).toBe(255);
    expect(end.stderr).toContain('disconnected by alice; the session continues');
    expect(logged('session-disconnected')).toMatchObject([{ session: id, by: 'alice', clients: 1 }]);
  });

  test('a manager disconnects everybody, and a client does not come back by itself (F28)', async () => {
    const id = await shell();
    const mine = await attached(alice, id);
    expect((await daemon.cli(mallory, ['sessions', 'disconnect', id])).status).toBe(5);
    const others = await daemon.cli(alice, ['sessions', 'disconnect', id, '--others', '--json']);
    expect(JSON.parse(others.stdout)).toEqual({ disconnected: 0 });
    expect((await daemon.cli(bob, ['sessions', 'disconnect', id])).stdout).toBe('Disconnected 1 client.\n');
    const end = await mine.finished;
    expect(end.status).toBe(255);
    expect(end.stderr).toContain('disconnected by bob; the session continues');
    expect(end.stderr).toContain(`latchkey attach ${id}`);
    expect(await daemon.as(alice).session(id)).toMatchObject({ state: 'running', attached: 0 });
    const again = await attached(alice, id);
    again.kill('SIGKILL');
    await daemon.as(alice).endSession(id);
  });
});
