import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { type AppError, isAppError } from '../../errors.ts';
import { insertSession } from '../../store/tables/sessions.ts';
import type { OutputEnd, OutputPiece } from '../../supervisor/connection/output-reader.ts';
import type { TokenClaims } from '../../token/claims.ts';
import type { Actor, SessionChange } from '../session.ts';

const manager: Actor = { claims: { sub: 'bob', jti: 'b', authMethod: 'link' }, role: 'manager' };
const MANAGER = { login: 'bob', seesAll: true };
const NOW = { validateOnly: false };
const PRINTING = 'echo before; while read -r line; do echo "<$line>"; done';

let world: World;
let claims: TokenClaims;

beforeAll(async () => {
  world = await World.open();
  await world.linkDaemon();
  claims = await world.login();
});
afterAll(() => world[Symbol.asyncDispose]());

function owner(token = claims): Actor {
  return { claims: token, role: 'user' };
}

async function started(script = PRINTING): Promise<string> {
  const command = ['sh', '-c', script];
  const request = { claims, command, environment: {}, directory: '', input: true };
  return (await world.sessions.start(request)).id;
}

/** A client with the token `token`, which knows with what error its call was ended. */
function client(token = claims) {
  const ended: AppError[] = [];
  const stop = new AbortController();
  const end = (error: AppError): void => {
    ended.push(error);
    stop.abort(error);
  };
  return { ended, how: { claims: token, end, signal: stop.signal } };
}

async function attached(sessionId: string, token = claims) {
  const { ended, how } = client(token);
  return { ended, attachment: await world.sessions.attach({ ...how, sessionId, offset: 0 }) };
}

async function allOf(output: AsyncGenerator<OutputPiece, OutputEnd>): Promise<string> {
  let text = '';
  for await (const { data } of output) text += data.toString();
  return text;
}

function read(sessionId: string, offset = 0): Promise<string> {
  return allOf(world.sessions.readOutput({ claims, sessionId, offset, follow: false }));
}

describe('a cordoned session', () => {
  it('goes on, while nobody can attach to it or read it, until it is uncordoned', async () => {
    const { cordons } = world.sessions;
    const id = await started();
    const { ended, attachment } = await attached(id);
    const following = client();
    const reading = world.sessions.readOutput({ ...following.how, sessionId: id, offset: 0, follow: true });
    await reading.next();
    const result = await cordons.cordon(manager, id, { ...NOW, message: 'under review' });
    expect(result).toMatchObject({
      disconnected: 2,
      session: { state: 'running', attached: 0, cordon: { message: 'under review', by: 'bob' } },
    });
    const why = { reason: 'SESSION_CORDONED', message: 'bob has cordoned this session: under review' };
    expect([ended, following.ended]).toMatchObject([[why], [why]]);
    await expect(attachment.input(Buffer.from('x\n'))).rejects.toMatchObject(why);
    await expect(attached(id)).rejects.toMatchObject(why);
    await expect(read(id)).rejects.toMatchObject({
      ...why,
      details: { cordonedBy: 'bob', cordonMessage: 'under review' },
    });
    await world.sessions.signal({ login: claims.sub, seesAll: false }, id, 'CONT');
    expect(await world.sessions.get(MANAGER, id)).toMatchObject({ cordon: { by: 'bob' } });
    await cordons.uncordon(manager, id, { ...NOW, login: '', withOutput: false });
    await world.until('the first line', async () => (await read(id)) === 'before\n');
    const { attachment: again } = await attached(id);
    await again.input(Buffer.from('y\n'));
    await again.closeInput();
    expect(await allOf(again.output)).toBe('before\n<y>\n');
    attachment[Symbol.dispose]();
    again[Symbol.dispose]();
  });

  it('is still cordoned after a restart of the server, and after its end', async () => {
    const id = await started();
    await world.sessions.cordons.cordon(manager, id, { ...NOW, message: 'kept' });
    await world.stop();
    await world.start();
    claims = await world.login();
    await world.session(id, ({ socket, cordon }) => socket !== undefined && cordon?.message === 'kept');
    await expect(attached(id)).rejects.toMatchObject({ reason: 'SESSION_CORDONED' });
    await world.end(id);
    await expect(read(id)).rejects.toMatchObject({ reason: 'SESSION_CORDONED' });
    const { cordons } = world.sessions;
    const again = cordons.cordon(manager, id, { ...NOW, message: 'again' });
    await expect(again).rejects.toMatchObject({ reason: 'SESSION_ENDED' });
    await cordons.uncordon(manager, id, { ...NOW, login: '', withOutput: false });
    await world.until('its output', async () => (await read(id)) === 'before\n');
  });

  it('takes another message, and cordoning or uncordoning again does nothing', async () => {
    const { cordons, changes } = world.sessions;
    const id = await started();
    const seen: SessionChange[] = [];
    using _listening = changes.listen((change) => change.act && seen.push(change));
    for (const message of ['one', 'one', 'two']) await cordons.cordon(manager, id, { ...NOW, message });
    for (const _ of [1, 2]) await cordons.uncordon(manager, id, { ...NOW, login: '', withOutput: false });
    expect(seen.map(({ act, session }) => [act?.kind, act?.by?.claims.sub, session.cordon?.message])).toEqual(
      [
        ['cordoned', 'bob', 'one'],
        ['cordoned', 'bob', 'two'],
        ['uncordoned', 'bob', undefined],
      ],
    );
    await world.end(id);
  });

  it.each([
    ['', /owner is shown it/],
    ['  ', /owner is shown it/],
    ['x'.repeat(301), /300 characters/],
    ['two\nlines', /one line/],
    ['\u001b[2J', /control/],
    ['a\u2028b', /one line/],
  ])('needs a message that can be shown: %j', async (message, why) => {
    const id = await started();
    const refused = world.sessions.cordons.cordon(manager, id, { ...NOW, message });
    await expect(refused).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT', message: why });
    expect((await world.sessions.get(MANAGER, id)).cordon).toBe(undefined);
    await world.end(id);
  });

  it('is told to nobody who does not own it', async () => {
    const id = await started();
    await world.sessions.cordons.cordon(manager, id, { ...NOW, message: 'secret' });
    const other = { ...claims, sub: 'mallory' };
    const attach = world.sessions.attach({ claims: other, sessionId: id, offset: 0 });
    await expect(attach).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    const seen = world.sessions.attach({ claims: other, seesAll: true, sessionId: id, offset: 0 });
    await expect(seen).rejects.toMatchObject({ reason: 'PERMISSION_DENIED' });
    await world.end(id);
  });

  it('lets nobody in who was allowed to attach just before', async () => {
    const id = await started();
    const attempts = Array.from({ length: 50 }, async (_, at) => {
      const { ended, how } = client();
      for (let turn = 0; turn < at; turn += 1) await new Promise(setImmediate);
      return world.sessions.attach({ ...how, sessionId: id, offset: 0 }).then(
        () => ended.length > 0,
        (error: unknown) => isAppError(error, 'SESSION_CORDONED'),
      );
    });
    const cordoned = world.sessions.cordons.cordon(manager, id, { ...NOW, message: 'now' });
    expect(await Promise.all(attempts)).toEqual(attempts.map(() => true));
    expect((await cordoned).session.attached).toBe(0);
    expect((await world.sessions.get(MANAGER, id)).attached).toBe(0);
    await world.end(id);
  });

  it('is shown in advance with validate_only, and nothing is changed', async () => {
    const id = await started();
    const { ended, attachment } = await attached(id);
    const trial = { validateOnly: true };
    const shown = await world.sessions.cordons.cordon(manager, id, { ...trial, message: 'later' });
    expect(shown).toMatchObject({ disconnected: 1, session: { cordon: { message: 'later', by: 'bob' } } });
    expect(await world.sessions.cordons.disconnect(manager, id, { ...trial, othersOnly: false })).toBe(1);
    expect(ended).toEqual([]);
    expect((await world.sessions.get(MANAGER, id)).cordon).toBe(undefined);
    attachment[Symbol.dispose]();
    await world.end(id);
  });
});

describe('disconnecting', () => {
  it('cuts all clients, or all but those of the own token, and the session goes on', async () => {
    const { cordons } = world.sessions;
    const id = await started();
    const elsewhere = await world.login();
    const mine = await attached(id);
    const theirs = await attached(id, elsewhere);
    expect(await cordons.disconnect(owner(), id, { ...NOW, othersOnly: true })).toBe(1);
    const message = `disconnected by ${me.username}; the session continues`;
    expect(theirs.ended).toMatchObject([{ reason: 'SESSION_DISCONNECTED', message }]);
    expect(mine.ended).toEqual([]);
    expect((await world.sessions.get(MANAGER, id)).attached).toBe(1);
    expect(await cordons.disconnect(manager, id, { ...NOW, othersOnly: false })).toBe(1);
    expect(mine.ended).toMatchObject([{ message: 'disconnected by bob; the session continues' }]);
    expect(await cordons.disconnect(manager, id, { ...NOW, othersOnly: false })).toBe(0);
    expect(await world.sessions.get(MANAGER, id)).toMatchObject({ state: 'running', attached: 0 });
    const { attachment } = await attached(id);
    for (const one of [mine.attachment, theirs.attachment, attachment]) one[Symbol.dispose]();
    await world.end(id);
  });

  it('is for the owner and managers', async () => {
    await world.store.commit((tx) => insertSession(tx, sessionRow('theirs', { login: 'dora' })));
    const disconnected = world.sessions.cordons.disconnect(owner(), 'theirs', { ...NOW, othersOnly: false });
    await expect(disconnected).rejects.toMatchObject({ reason: 'NOT_FOUND' });
    const nothing = world.sessions.cordons.disconnect(manager, 'nothing', { ...NOW, othersOnly: false });
    await expect(nothing).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});
