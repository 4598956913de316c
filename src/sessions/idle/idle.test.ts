import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeLink } from '../../../test/support/link/fake-link.ts';
import type { RoomsOptions } from '../../../test/support/link/server-rooms.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { type IdleRule, parseIdleRule } from '../../config/settings/idle-rule.ts';
import type { AppError } from '../../errors.ts';
import { IdleAction } from '../../generated/latchkey/link/v1/link.ts';
import type { IdleNotice, SessionChange } from '../session.ts';

const MANAGER = { login: 'somebody', seesAll: true };

function rulesOf(...lines: string[]): IdleRule[] {
  return lines.map(parseIdleRule).filter((rule) => rule !== undefined);
}

let world: World;
let fake: FakeLink;
let owned: AsyncDisposableStack;
beforeEach(() => {
  owned = new AsyncDisposableStack();
});
afterEach(() => owned.disposeAsync());

async function open(options: RoomsOptions = {}): Promise<void> {
  world = owned.use(await World.open(options));
  fake = owned.use(await FakeLink.listen(world.linksFolder, { daemon: true }));
  await world.links.register({ socket: fake.name, daemon: true }, me.uid);
}

/** The rules that the link was sent last. */
const sent = (): unknown[] | undefined =>
  fake.received.flatMap(({ body }) => (body?.$case === 'idleRules' ? [body.value.rules] : [])).at(-1);

describe('the rules for idle sessions (X5)', () => {
  test('that apply to the user, to the role and to the groups are sent to a link, in their order', async () => {
    const options: RoomsOptions = {
      groups: ['unix:students'],
      idleRules: rulesOf(
        `end after 1h for nobody ${me.username}`,
        'warn after 2h for role:manager',
        'disconnect after 3h warning 1h from 20:00 to 06:00 for role:user',
        'end after 4h for unix:staff',
        'end after 5h for unix:students',
        'end after 6h for unix:user students',
        'end after 7h',
      ),
    };
    await open(options);
    await expect.poll(sent).toMatchObject([1, 3, 5, 7].map((hours) => ({ afterSeconds: hours * 3600 })));
    expect(sent()?.[1]).toEqual({
      action: IdleAction.DISCONNECT,
      afterSeconds: 3 * 3600,
      warningSeconds: 3600,
      hours: { from: 1200, to: 360 },
    });
    options.idleRules = rulesOf('warn after 1d');
    await world.sessions.settingsChanged();
    await expect.poll(sent).toMatchObject([{ action: IdleAction.WARN, afterSeconds: 86_400 }]);
    options.idleRules = [];
    await world.sessions.settingsChanged();
    await expect.poll(sent).toEqual([]);
  });

  test('are those of the last reload, however long it took to find the groups', async () => {
    const groups = Promise.withResolvers<string[]>();
    const options: RoomsOptions = { idleRules: [] };
    await open(options);
    await expect.poll(sent).toEqual([]);
    options.idleRules = rulesOf('end after 1h for unix:students');
    options.groups = groups.promise;
    const first = world.sessions.settingsChanged();
    options.idleRules = rulesOf('end after 2h');
    await world.sessions.settingsChanged();
    groups.resolve(['unix:students']);
    await first;
    await expect.poll(sent).toMatchObject([{ afterSeconds: 2 * 3600 }]);
  });
});

describe('a session that its link calls idle', () => {
  beforeEach(() => open());

  async function started(): Promise<string> {
    const request = { command: ['x'], environment: {}, directory: '', input: false };
    return (await world.sessions.start({ claims: await world.login(), ...request })).id;
  }

  function say(sessionId: string, action: IdleAction, secondsLeft = 60): void {
    fake.say({ $case: 'idle', value: { sessionId, action, idleSeconds: 600, secondsLeft } });
  }

  const noticeOf = async (id: string): Promise<IdleNotice | undefined> =>
    (await world.sessions.get(MANAGER, id)).idle;

  test('says so, with the time of the action, until it is busy again or has ended', async () => {
    const id = await started();
    const other = await started();
    const seen: SessionChange[] = [];
    using _listening = world.sessions.changes.listen((change) => change.act && seen.push(change));
    say(id, IdleAction.END);
    const { action, sinceMs, actsAtMs } = await world.until('the notice', () => noticeOf(id));
    expect([action, actsAtMs - sinceMs]).toEqual(['end', 660_000]);
    expect(seen).toMatchObject([{ session: { id, idle: { action: 'end' } }, act: { kind: 'idle' } }]);
    expect(await noticeOf(other)).toBeUndefined();
    say(id, IdleAction.UNSPECIFIED);
    await expect.poll(() => noticeOf(id)).toBeUndefined();
    say(id, IdleAction.WARN, 0);
    await expect.poll(() => noticeOf(id)).toMatchObject({ action: 'warn' });
    fake.say({ $case: 'exited', value: { sessionId: id, status: 0 } });
    const ended = await world.session(id, ({ state }) => state === 'ended');
    expect(ended.idle).toBeUndefined();
  });

  test('is logged once for what it is warned of, however often its link says so', async () => {
    const id = await started();
    const seen: SessionChange[] = [];
    using _listening = world.sessions.changes.listen((change) => change.act && seen.push(change));
    for (const left of [60, 59, 58, 0, 0]) say(id, IdleAction.END, left);
    say(id, IdleAction.WARN, 0);
    await expect.poll(() => noticeOf(id)).toMatchObject({ action: 'warn' });
    expect(seen.map(({ session }) => session.idle?.action)).toEqual(['end', 'end', 'warn']);
  });

  test('is noted at most 1000 times a minute, busy or idle, for all sessions of a link', async () => {
    const id = await started();
    const last = await started();
    const seen: SessionChange[] = [];
    using _listening = world.sessions.changes.listen((change) => change.act && seen.push(change));
    for (let at = 0; at < 1500; at += 1) say(id, at % 2 ? IdleAction.UNSPECIFIED : IdleAction.END);
    fake.say({ $case: 'exited', value: { sessionId: last, status: 0 } });
    await world.session(last, ({ state }) => state === 'ended');
    expect(seen.length).toBe(500);
  });

  test('is not taken for one when the link does not have it, or when its link is gone', async () => {
    const id = await started();
    const unknown = await started();
    fake.say({ $case: 'exited', value: { sessionId: unknown, status: 0 } });
    await world.session(unknown, ({ state }) => state === 'ended');
    for (const named of [unknown, 'no such session', id]) say(named, IdleAction.END);
    await expect.poll(() => noticeOf(id)).toBeDefined();
    expect(await noticeOf(unknown)).toBeUndefined();
    await fake[Symbol.asyncDispose]();
    await expect.poll(() => noticeOf(id), { timeout: 20_000 }).toBeUndefined();
  });

  test('has its clients disconnected when its link says that it is time', async () => {
    const id = await started();
    const errors: AppError[] = [];
    const seen: SessionChange[] = [];
    using _listening = world.sessions.changes.listen((change) => change.act && seen.push(change));
    const claims = await world.login();
    const end = (error: AppError): void => void errors.push(error);
    using _attached = await world.sessions.attach({ claims, sessionId: id, offset: 0, end });
    say(id, IdleAction.DISCONNECT);
    await expect.poll(() => noticeOf(id)).toMatchObject({ action: 'disconnect' });
    expect(errors).toEqual([]);
    say(id, IdleAction.DISCONNECT, 0);
    await expect.poll(() => errors).toMatchObject([{ reason: 'SESSION_DISCONNECTED' }]);
    expect(await noticeOf(id)).toBeUndefined();
    expect(seen.map(({ act }) => act)).toEqual([{ kind: 'idle' }, { kind: 'disconnected', clients: 1 }]);
  });
});
