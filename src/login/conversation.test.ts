import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authority, MintRequest } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { openStore, type Store } from '../store/open.ts';
import type { TokenClaims } from '../token/claims.ts';
import { Conversations, type Turn } from './conversation.ts';
import type { Answers, LoginMethod } from './method.ts';
import { Throttle } from './throttle/throttle.ts';

/** Time by which a timer may be early, in milliseconds: it counts whole ones. */
const CLOCK_MS = 1;

let folder: string;
/** Resolved when the method is busy with an answer. */
let thinks: PromiseWithResolvers<void>;
let store: Store;
beforeEach(async () => {
  thinks = Promise.withResolvers();
  folder = mkdtempSync(join(tmpdir(), 'latchkey-conversation-'));
  store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes: 65_536 });
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** A login method that accepts the answers "sesame" and then "please". */
const sesame: LoginMethod = {
  name: 'pam',
  description: 'Say it.',
  isUsable: () => true,
  canonicalNameOf: async (username) => username.toLowerCase(),
  async *attempt({ username, signal }) {
    const ask = (text: string) => ({
      kind: 'prompts' as const,
      name: '',
      instruction: '',
      prompts: [{ text, echo: true }],
    });
    const [word] = yield ask('Word');
    if (word === 'broken') throw new AppError('UNAVAILABLE', 'the door is broken');
    if (word === 'think') {
      thinks.resolve();
      await once(signal, 'abort');
      throw signal.reason;
    }
    while (word === 'retry' && (yield ask('Code'))[0] !== 'right');
    if (word !== 'sesame') return { kind: 'refused', why: 'wrong word' };
    yield { kind: 'notice', text: 'It opens.' };
    const [manners] = yield ask('Manners');
    if (manners !== 'please') return { kind: 'refused', why: 'rude' };
    return {
      kind: 'proven',
      identity: { login: username, linuxUser: username, uid: 7, authMethod: 'pam' },
    };
  },
};

async function open({ refusalMs = 20, startsLinks = false } = {}) {
  const throttle = await Throttle.open({ store, nowMs: () => 0, log: { warn: () => {} } });
  const minted: MintRequest[] = [];
  const logged: object[] = [];
  const mint: Authority['mint'] = async (request) => {
    minted.push(request);
    return { token: 'a.b.c', claims: { jti: 'j' } as never };
  };
  const add = (_message: string, kind: object): void => void logged.push(kind);
  const addEach = (_message: string, kind: object): void => void logged.push({ ...kind, isAlone: true });
  const refusals = { add, addEach };
  const uidOf: { uid: number | undefined } = { uid: 7 };
  const room = new Conversations({
    methods: [{ ...sesame, startsLinks }],
    authority: { mint, uidOf: async () => uidOf.uid },
    throttle,
    refusals,
    refusalMs,
  });
  return { room, throttle, minted, logged, uidOf };
}

/** Lets `times` attempts of ali from here fail. */
async function fail(throttle: Throttle, times: number): Promise<void> {
  for (let failure = 0; failure < times; failure += 1) {
    using attempt = await throttle.enter({ login: 'ali', source: 'here' }, new AbortController().signal);
    await attempt.refused();
  }
}

/** Answers with `texts` until they are used up; resolves with the turns seen, and how it ended. */
async function talk(
  room: Conversations,
  texts: readonly Answers[],
  source = 'here',
  username = 'ali',
  signal = new AbortController().signal,
  starts?: TokenClaims,
) {
  const origin = { address: '192.0.2.1', source };
  const conversation = room.begin({ method: 'pam', username, origin, signal, ...(starts && { starts }) });
  const left = [...texts];
  const turns: Turn[] = [];
  let step = await conversation.next();
  while (!step.done) {
    turns.push(step.value);
    const answers = step.value.kind === 'notice' ? [] : left.shift();
    if (answers === undefined) {
      await conversation.return(undefined as never);
      return { turns };
    }
    step = await conversation.next(answers);
  }
  return { turns, minted: step.value };
}

describe('a login conversation', () => {
  it('prompts, shows notices, and returns a token for the proven identity', async () => {
    const { room, minted } = await open();
    const { turns } = await talk(room, [['sesame'], ['please']]);
    expect(turns.map((turn) => (turn.kind === 'notice' ? turn.text : turn.prompts[0]?.text))).toEqual([
      'Word',
      'It opens.',
      'Manners',
    ]);
    expect(minted).toEqual([
      { login: 'ali', linuxUser: 'ali', uid: 7, authMethod: 'pam', clientIp: '192.0.2.1' },
    ]);
  });

  it('ends without a token for a client that has left', async () => {
    const { room, minted } = await open();
    const control = new AbortController();
    const { signal } = control;
    const origin = { address: '192.0.2.1', source: 'here' };
    const conversation = room.begin({ method: 'pam', username: 'ali', origin, signal });
    for (const answers of [[], ['sesame'], []]) await conversation.next(answers);
    control.abort(new AppError('CANCELLED', 'gone'));
    await expect(conversation.next(['please'])).rejects.toMatchObject({ reason: 'CANCELLED' });
    expect(minted).toEqual([]);
  });

  it('prompts again after a refusal, and marks only the first prompt as a repetition', async () => {
    const { room, minted } = await open();
    const { turns } = await talk(room, [['open'], ['sesame'], ['please']]);
    expect(turns.map((turn) => turn.again)).toEqual([false, true, false, false]);
    expect(minted).toHaveLength(1);
  });

  it('ends with the same refusal after the last attempt that is allowed, and logs the reason', async () => {
    const { room, minted, logged } = await open();
    const wrong = Array.from({ length: 6 }, () => ['guess']);
    await expect(talk(room, wrong)).rejects.toMatchObject({
      reason: 'LOGIN_REFUSED',
      message: 'login refused',
      details: {},
    });
    expect(logged).toHaveLength(3);
    expect(logged[0]).toMatchObject({
      isAlone: true, // not summed up
      event: 'refused',
      from: '192.0.2.1',
      source: 'here',
      outcome: 'refused',
      method: 'pam',
      login: 'ali',
      why: 'wrong word',
    });
    expect(JSON.stringify(logged)).not.toContain('guess');
    expect(minted).toEqual([]);
  });

  it('is refused no sooner than a fixed time after the last answer, whatever was wrong', async () => {
    const refusalMs = 200;
    const { room } = await open({ refusalMs });
    const begin = () => {
      const { signal } = new AbortController();
      const origin = { address: '192.0.2.1', source: 'here' };
      return room.begin({ method: 'pam', username: 'ali', origin, signal });
    };
    /** Gives a wrong answer; resolves with the time until the next prompt. */
    const refusedAfter = async (conversation: ReturnType<typeof begin>, word: string): Promise<number> => {
      const answeredMs = performance.now();
      expect((await conversation.next([word])).value).toMatchObject({ again: true });
      return performance.now() - answeredMs;
    };
    const polite = begin();
    await polite.next();
    await polite.next(['sesame']);
    await polite.next([]);
    const hasty = begin();
    await hasty.next();
    const shortestMs = refusalMs - CLOCK_MS;
    expect(await refusedAfter(hasty, 'guess')).toBeGreaterThanOrEqual(shortestMs);
    // Its first answer is older than that by now.
    expect(await refusedAfter(polite, 'rudely')).toBeGreaterThanOrEqual(shortestMs);
    for (const conversation of [polite, hasty]) await conversation.return(undefined as never);
  });

  it('cannot start again before the wait is over; others are not affected', async () => {
    const { room } = await open();
    const wrong = Array.from({ length: 6 }, () => ['guess']);
    await expect(talk(room, wrong)).rejects.toMatchObject({ reason: 'LOGIN_REFUSED' });
    await expect(talk(room, [])).rejects.toMatchObject({
      reason: 'LIMIT_EXCEEDED',
      details: { retryAfterSeconds: '30' },
    });
    expect((await talk(room, [['sesame'], ['please']], 'elsewhere')).minted?.token).toBe('a.b.c');
    expect((await talk(room, [['sesame'], ['please']], 'here', 'baba')).minted?.token).toBe('a.b.c');
  });

  it('gains nothing from starting before the failures', async () => {
    const { room, throttle } = await open();
    const origin = { address: '192.0.2.1', source: 'here' };
    const signal = new AbortController().signal;
    const early = room.begin({ method: 'pam', username: 'ali', origin, signal });
    await early.next();
    await fail(throttle, 3);
    await expect(early.next(['sesame'])).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
  });

  it('counts all spellings of a user name together', async () => {
    const { room } = await open();
    await talk(room, [['guess']], 'here', 'ALI');
    await talk(room, [['guess']], 'here', 'Ali');
    await expect(talk(room, [['guess']], 'here', 'ali')).rejects.toMatchObject({ reason: 'LOGIN_REFUSED' });
    await expect(talk(room, [['sesame']], 'here', 'aLI')).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
  });

  it('counts as failed when it is abandoned after an answer, so that no guess is free', async () => {
    const { room, throttle } = await open();
    const control = new AbortController();
    const talking = talk(room, [['think']], 'here', 'ali', control.signal);
    await thinks.promise;
    control.abort(new AppError('CANCELLED', 'gone'));
    await expect(talking).rejects.toMatchObject({ reason: 'CANCELLED' });
    await talk(room, [['sesame']]); // leaves at the second prompt
    await talk(room, []); // leaves at the first prompt
    await talk(room, []);
    throttle.check({ login: 'ali', source: 'here' });
    await fail(throttle, 1);
    await expect(talk(room, [])).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
  });

  it('counts from the first answer on, so that many at once get no more answers', async () => {
    const { room, logged } = await open();
    const all = await Promise.allSettled(Array.from({ length: 20 }, () => talk(room, [['guess']])));
    const reasons = all.map((end) => (end.status === 'rejected' ? end.reason.reason : 'prompted again'));
    expect(reasons.filter((reason) => reason === 'LIMIT_EXCEEDED')).toHaveLength(17);
    expect(logged.filter((line) => 'why' in line)).toHaveLength(3);
  });

  it('counts each answer after which the method asks the same again', async () => {
    const { room, throttle } = await open();
    const codes = Array.from({ length: 9 }, () => ['wrong']);
    await expect(talk(room, [['retry'], ...codes])).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
    expect(() => throttle.check({ login: 'ali', source: 'here' })).toThrow('too many failed logins');
  });

  it('requires one answer for each prompt, of limited length', async () => {
    const { room } = await open();
    for (const answers of [[], ['sesame', 'more'], ['x'.repeat(1025)], ['a\0b']]) {
      await expect(talk(room, [answers])).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    }
    expect((await talk(room, [['x'.repeat(1024)]])).turns.at(-1)).toMatchObject({ again: true });
  });

  it('requires a user name of limited length', async () => {
    const { room } = await open();
    for (const username of ['', 'x'.repeat(257)]) {
      await expect(talk(room, [], 'here', username)).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    }
    expect((await talk(room, [], 'here', 'x'.repeat(256))).turns).toHaveLength(1);
  });

  it('passes on system failures without counting them', async () => {
    const { room, throttle } = await open();
    await expect(talk(room, [['broken']])).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    for (let failure = 0; failure < 3; failure += 1)
      await expect(talk(room, [['broken']])).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    throttle.check({ login: 'ali', source: 'here' });
  });
});

describe('a login that starts a link for a token', () => {
  const answers = [['sesame'], ['please']];
  const claims = { sub: 'ali@idp', jti: 'parent', user: 'ali', authMethod: 'oidc' } as TokenClaims;
  const { signal } = new AbortController();
  const start = (room: Conversations, change: Partial<TokenClaims> = {}, username = 'ali') =>
    talk(room, answers, 'here', username, signal, { ...claims, ...change });

  it('gets a child of that token, of the same login', async () => {
    const { room, minted } = await open({ startsLinks: true });
    await start(room);
    expect(minted).toEqual([
      {
        login: 'ali@idp',
        linuxUser: 'ali',
        uid: 7,
        authMethod: 'ssh-start',
        clientIp: '192.0.2.1',
        parent: 'parent',
      },
    ]);
  });

  it('is for the Linux user of the token alone, and only by a method that leaves a link', async () => {
    const { room, minted } = await open({ startsLinks: true });
    const other = start(room, {}, 'bob');
    await expect(other).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
      message: expect.stringMatching(/bound to .* ali,/) as string,
    });
    const { user: _, ...unbound } = claims;
    const nobody = talk(room, answers, 'here', '', signal, unbound);
    await expect(nobody).rejects.toMatchObject({
      reason: 'PERMISSION_DENIED',
      message: expect.stringMatching(/no Linux user/) as string,
    });
    const { room: linkless } = await open();
    await expect(start(linkless)).rejects.toMatchObject({ violation: { field: 'begin.method' } });
    expect(minted).toEqual([]);
  });

  it('gets none when the account is no longer the one that the token is bound to', async () => {
    const { room, minted, uidOf } = await open({ startsLinks: true });
    for (const uid of [8, undefined]) {
      uidOf.uid = uid;
      await expect(start(room)).rejects.toMatchObject({ reason: 'NOT_ELIGIBLE' });
    }
    expect(minted).toEqual([]);
  });
});
