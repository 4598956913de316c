import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import { FakeLink } from '../../test/support/link/fake-link.ts';
import { me, World } from '../../test/support/link/supervisor-world.ts';
import { insertSession } from '../store/tables/sessions.ts';
import type { OutputEnd, OutputPiece } from '../supervisor/connection/output-reader.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { StartRequest } from './start-request.ts';

const PLAIN = { environment: {}, directory: '', input: false };
const MANAGER = { login: 'somebody', seesAll: true };
const MIB = 1024 * 1024;

type Output = AsyncGenerator<OutputPiece, OutputEnd>;

async function all(output: Output): Promise<{ text: string; end: OutputEnd }> {
  let text = '';
  for (;;) {
    const { done, value } = await output.next();
    if (done) return { text, end: value };
    text += value.data.toString();
  }
}

function sh(claims: TokenClaims, script: string, more: Partial<StartRequest> = {}): StartRequest {
  return { claims, command: ['sh', '-c', script], ...PLAIN, ...more };
}

describe('a session of a link daemon', () => {
  let world: World;
  let claims: TokenClaims;
  beforeAll(async () => {
    world = await World.open({ outputLimitBytes: 4 * MIB });
    await world.linkDaemon();
    claims = await world.login();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  const start = (script: string, more: Partial<StartRequest> = {}) =>
    world.sessions.start(sh(claims, script, more));
  const read = (sessionId: string, offset = 0, follow = true): Output =>
    world.sessions.readOutput({ claims, sessionId, offset, follow });

  test('runs as its user, and its output and status are exact', async () => {
    const session = await start('echo out; echo err >&2; id -u; exit 3');
    expect(session).toMatchObject({ login: me.username, linuxUser: me.username, jti: claims.jti });
    expect(session.id).toMatch(/^s[0-9a-f]{20}$/);
    const { text, end } = await all(read(session.id));
    expect(text.split('\n').toSorted()).toEqual(['', String(me.uid), 'err', 'out'].toSorted());
    expect(end).toEqual({ exited: { status: 3 } });
    expect(await world.session(session.id, ({ state }) => state === 'ended')).toMatchObject({
      exitStatus: 3,
    });
    expect((await all(read(session.id, text.length - 1))).text).toBe(text.slice(-1));
  });

  test('gets its environment, its directory and its first line of input', async () => {
    const stdin = { form: { a: [1, 'ü'] }, login: 'root', userData: {} };
    const { id } = await start('pwd; echo "$MY_OWN"; cat', {
      environment: { MY_OWN: 'a b\nc' },
      directory: '/usr',
      stdin,
    });
    expect((await all(read(id))).text).toBe('/usr\na b\nc\n{"form":{"a":[1,"ü"]}}\n');
  });

  test('gets a long command in full, while its record keeps the beginning', async () => {
    const words = 'x'.repeat(100_000);
    const { id } = await world.sessions.start({
      claims,
      ...PLAIN,
      command: ['sh', '-c', 'printf %s "$1" | wc -c', 'sh', words],
    });
    expect((await all(read(id))).text).toBe('100000\n');
    expect((await all(read(id, -1 - 3))).text).toBe('00\n');
    const { command } = await world.sessions.get(MANAGER, id);
    expect(command.slice(0, 4)).toEqual(['sh', '-c', 'printf %s "$1" | wc -c', 'sh']);
    expect(command.join('').length).toBeLessThan(4096);
  });

  test('that cannot be started leaves nothing behind', async () => {
    const before = (await world.sessions.list(MANAGER, { pageSize: 0 })).total;
    const nowhere = world.sessions.start({ claims, ...PLAIN, command: ['/no/such/program'] });
    await expect(nowhere).rejects.toMatchObject({ reason: 'START_FAILED' });
    expect((await world.sessions.list(MANAGER, { pageSize: 0 })).total).toBe(before);
  });

  test('takes input from every attached client, and counts them', async () => {
    const { id } = await start('while read -r line; do echo "<$line>"; done; echo end', { input: true });
    using attachment = await world.sessions.attach({ claims, sessionId: id, offset: 0 });
    expect((await world.sessions.get(MANAGER, id)).attached).toBe(1);
    await attachment.input(Buffer.from('one\ntwo'));
    const text = all(attachment.output);
    await attachment.input(Buffer.from(' three\n'));
    await attachment.closeInput();
    expect(await text).toEqual({ text: '<one>\n<two three>\nend\n', end: { exited: { status: 0 } } });
    await world.session(id, ({ state }) => state === 'ended');
    await expect(attachment.input(Buffer.from('x'))).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
    attachment[Symbol.dispose]();
    expect((await world.sessions.get(MANAGER, id)).attached).toBe(0);
  });

  test('cannot be attached to at an invalid offset', async () => {
    const { id } = await start('sleep 30');
    const refused = world.sessions.attach({ claims, sessionId: id, offset: Number.MIN_SAFE_INTEGER });
    await expect(refused).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    expect((await world.sessions.get(MANAGER, id)).attached).toBe(0);
    await world.end(id);
  });

  test('without input refuses input', async () => {
    const { id } = await start('sleep 30');
    using attachment = await world.sessions.attach({ claims, sessionId: id, offset: -1 });
    const refused = async (): Promise<true | undefined> =>
      attachment.input(Buffer.from('x')).then(
        () => undefined,
        (error) => (error.reason === 'INPUT_CLOSED' ? true : undefined),
      );
    await world.until('the refusal', refused);
    await world.end(id);
  });

  test('with much input and output loses no byte', async () => {
    const { id } = await start('cat', { input: true });
    using attachment = await world.sessions.attach({ claims, sessionId: id, offset: 0 });
    const sent = Buffer.from(Array.from({ length: 3 * MIB }, (_, i) => (i * 31) % 251));
    const writing = (async () => {
      for (let at = 0; at < sent.length; at += 200_000)
        await attachment.input(sent.subarray(at, at + 200_000));
      await attachment.closeInput();
    })();
    const got: Buffer[] = [];
    for await (const { data } of attachment.output) got.push(Buffer.from(data));
    await writing;
    expect(Buffer.concat(got).equals(sent)).toBe(true);
  });

  test('belongs to its login: others do not see it, and managers see and end but cannot read it', async () => {
    const { id } = await start('echo secret; sleep 30');
    const other = { login: 'somebody', seesAll: false };
    const theirs = { ...claims, sub: 'somebody' };
    const missing = { reason: 'NOT_FOUND' };
    await expect(world.sessions.get(other, id)).rejects.toMatchObject(missing);
    await expect(world.sessions.signal(other, id, 'TERM')).rejects.toMatchObject(missing);
    await expect(world.sessions.endable(other, [id])).rejects.toMatchObject(missing);
    const attached = world.sessions.attach({ claims: theirs, sessionId: id, offset: 0 });
    await expect(attached).rejects.toMatchObject(missing);
    const reading = world.sessions.readOutput({ claims: theirs, sessionId: id, offset: 0, follow: true });
    await expect(reading.next()).rejects.toMatchObject(missing);
    const seen = { claims: theirs, seesAll: true, sessionId: id, offset: 0 };
    const denied = {
      reason: 'PERMISSION_DENIED',
      message: `only ${me.username} can read or join this session`,
    };
    await expect(world.sessions.attach(seen)).rejects.toMatchObject(denied);
    await expect(world.sessions.readOutput({ ...seen, follow: true }).next()).rejects.toMatchObject(denied);
    expect((await world.sessions.list(other, { pageSize: 0 })).items).toEqual([]);
    expect((await world.sessions.list(other, { login: me.username, pageSize: 0 })).items).toEqual([]);
    expect((await world.sessions.list(MANAGER, { text: id, pageSize: 0 })).total).toBe(1);
    await world.sessions.signal(MANAGER, id, 'TERM');
    expect(await world.session(id, ({ state }) => state === 'ended')).toMatchObject({ exitStatus: 143 });
    await expect(world.sessions.signal(MANAGER, id, 'TERM')).rejects.toMatchObject({
      reason: 'SESSION_ENDED',
    });
  });

  test('ends with all of its processes, as the receipt reports (X1)', async () => {
    const { id } = await start("(trap '' TERM; sleep 60 & setsid sleep 60 & echo here; sleep 60) & wait");
    for await (const _ of read(id)) break;
    const receipt = await world.end(id, 100);
    expect(receipt).toMatchObject({ jtis: [], links: [], sessions: [id], survivors: [], verifiedBy: 'both' });
    expect(receipt.processes).toBeGreaterThanOrEqual(4);
    expect((await world.sessions.get(MANAGER, id)).state).toBe('ended');
    await expect(world.end(id)).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
  });

  test('a reader that does not read blocks neither another reader nor another session', async () => {
    const { id } = await start('head -c 3000000 /dev/zero');
    const slow = read(id);
    await slow.next();
    let bytes = 0;
    for await (const { data } of read(id)) bytes += data.length;
    expect(bytes).toBe(3_000_000);
    expect((await all(read((await start('echo quick')).id))).text).toBe('quick\n');
    await slow.return({});
  });

  test('an attached client loses nothing: the program waits instead', async () => {
    const { id } = await start('read go; head -c 12000000 /dev/zero; echo done', { input: true });
    using attachment = await world.sessions.attach({ claims, sessionId: id, offset: 0 });
    let bytes = 0;
    await attachment.input(Buffer.from('go\n'));
    for await (const { offset, data } of attachment.output) {
      expect(offset).toBe(bytes);
      bytes += data.length;
    }
    expect(bytes).toBe(12_000_005);
  });

  test('a reader of dropped output is told where the kept output begins', async () => {
    const { id } = await start('head -c 30000000 /dev/zero');
    await world.session(id, ({ state }) => state === 'ended');
    const refused = await read(id)
      .next()
      .catch((error) => error);
    expect(refused).toMatchObject({ reason: 'OUTPUT_DROPPED' });
    const first = Number(refused.details.firstOffset);
    let bytes = 0;
    for await (const { data } of read(id, first)) bytes += data.length;
    expect(first + bytes).toBe(30_000_000);
  });

  test('is watched from its start to its end', async () => {
    const stopping = new AbortController();
    const changes = world.sessions.changes.subscribe(stopping.signal);
    const { id } = await start('true');
    const states: string[] = [];
    for await (const { session } of changes) {
      if (session.id === id) states.push(session.state);
      if (states.at(-1) === 'ended') break;
    }
    stopping.abort();
    expect([...new Set(states)].join()).toMatch(/^starting,(running,)?ended$/);
  });
});

test('all sessions end before the host shuts down, and those that have ended are counted', async () => {
  await using world = await World.open();
  await world.linkDaemon();
  const claims = await world.login();
  for (const script of ['sleep 3000', 'sleep 3001']) await world.sessions.start(sh(claims, script));
  expect(await world.sessions.endAll(5_000, 60_000)).toEqual({ ended: 2, all: 2 });
  expect(await world.sessions.endAll(5_000, 60_000)).toEqual({ ended: 0, all: 0 });
});

test('the link of an attached client is asked for the output before it gets input', async () => {
  await using world = await World.open();
  await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
  await world.links.register({ socket: fake.name, daemon: true }, me.uid);
  const claims = await world.login();
  const { id } = await world.sessions.start(sh(claims, 'cat', { input: true }));
  using attachment = await world.sessions.attach({ claims, sessionId: id, offset: 0 });
  void attachment.input(Buffer.from('x'));
  const said = (): (string | undefined)[] => fake.received.map(({ body }) => body?.$case);
  await world.until('input', async () => said().includes('stdin') || undefined);
  // A running session is not reported on: only ended ones without a status are.
  const wanted = ['adopt', 'read', 'stdin'];
  expect(said().filter((each) => wanted.includes(each ?? ''))).toEqual(['read', 'stdin']);
  attachment[Symbol.dispose]();
  await world.until('the end of the reader', async () => said().includes('stopRead') || undefined);
});

test('a session whose link has gone is not said to have ended', async () => {
  await using world = await World.open();
  const claims = await world.login();
  let id: string;
  {
    await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
    await world.links.register({ socket: fake.name, daemon: true }, me.uid);
    ({ id } = await world.sessions.start(sh(claims, 'sleep 3000')));
  }
  expect(await world.sessions.endAll(10, 60_000)).toEqual({ ended: 0, all: 1 });
  expect(await world.sessions.get(MANAGER, id)).toMatchObject({ state: 'running' });
});

test.each([
  ['not known, before its output is read', null, ['adopt', 'read']],
  ['known, for nothing but its output', 0, ['read']],
])('a link is asked for an ended session whose status is %s', async (_, status, wanted) => {
  await using world = await World.open();
  await using fake = await FakeLink.listen(world.linksFolder, { daemon: true });
  await world.links.register({ socket: fake.name, daemon: true }, me.uid);
  const claims = await world.login();
  const owner = { login: me.username, linux_user: me.username, uid: me.uid, jti: claims.jti };
  const row = sessionRow('s', { ...owner, state: 'ended', ended_at: 2, exit_status: status });
  await world.store.commit((tx) => insertSession(tx, row));
  const output = world.sessions.readOutput({ claims, sessionId: 's', offset: 0, follow: false });
  const ended = output.next().catch(() => {});
  const said = (): string[] => fake.received.map(({ body }) => body?.$case ?? '');
  await world.until('read', async () => said().includes('read') || undefined);
  expect(said().filter((each) => each === 'adopt' || each === 'read')).toEqual(wanted);
  await fake[Symbol.asyncDispose]();
  await ended;
});
