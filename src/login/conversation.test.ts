import { describe, expect, it } from 'vitest';
import type { Authority, MintRequest } from '../authority/authority.ts';
import { AppError } from '../errors.ts';
import { Conversations, refused, type Turn } from './conversation.ts';
import type { Answers, LoginMethod } from './method.ts';
import { Throttle } from './throttle.ts';

/** A way in for whoever says "sesame" and then "please". */
const sesame: LoginMethod = {
  name: 'sesame',
  description: 'Say it.',
  isUsable: () => true,
  async *attempt({ username }) {
    const ask = (text: string) => ({
      kind: 'prompts' as const,
      name: '',
      instruction: '',
      prompts: [{ text, echo: true }],
    });
    const [word] = yield ask('Word');
    if (word === 'broken') throw new AppError('UNAVAILABLE', 'the door is broken');
    if (word !== 'sesame') throw refused('wrong word');
    yield { kind: 'notice', text: 'It opens.' };
    const [manners] = yield ask('Manners');
    if (manners !== 'please') throw refused('rude');
    return { login: username, linuxUser: username, uid: 7, authMethod: 'sesame' };
  },
};

function open(throttle = new Throttle(() => 0)) {
  const minted: MintRequest[] = [];
  const logged: object[] = [];
  const mint: Authority['mint'] = async (request) => {
    minted.push(request);
    return { token: 'a.b.c', claims: { jti: 'j' } as never };
  };
  const log = { info: (fields: object) => void logged.push(fields) };
  const room = new Conversations({ methods: [sesame], authority: { mint }, throttle, log, refusalMs: 20 });
  return { room, minted, logged };
}

/** Answers with `texts` until they are used up; resolves with the turns seen, and how it ended. */
async function talk(room: Conversations, texts: readonly Answers[], source = 'here', username = 'ali') {
  const visitor = { address: '192.0.2.1', source };
  const signal = new AbortController().signal;
  const conversation = room.begin({ method: 'sesame', username, visitor, signal });
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
  it('asks, tells, and ends with a token for who it was', async () => {
    const { room, minted } = open();
    const { turns } = await talk(room, [['sesame'], ['please']]);
    expect(turns.map((turn) => (turn.kind === 'notice' ? turn.text : turn.prompts[0]?.text))).toEqual([
      'Word',
      'It opens.',
      'Manners',
    ]);
    expect(minted).toEqual([
      { login: 'ali', linuxUser: 'ali', uid: 7, authMethod: 'sesame', clientIp: '192.0.2.1' },
    ]);
  });

  it('asks again after a refusal, and says so with the first question alone', async () => {
    const { room, minted } = open();
    const { turns } = await talk(room, [['open'], ['sesame'], ['please']]);
    expect(turns.map((turn) => turn.again)).toEqual([false, true, false, false]);
    expect(minted).toHaveLength(1);
  });

  it('is over after six tries, with one and the same refusal, and keeps the cause in the log', async () => {
    const { room, minted, logged } = open();
    const wrong = Array.from({ length: 6 }, () => ['guess']);
    await expect(talk(room, wrong)).rejects.toMatchObject({
      reason: 'LOGIN_REFUSED',
      message: 'login refused',
      details: {},
    });
    expect(logged).toHaveLength(6);
    expect(logged[0]).toMatchObject({ username: 'ali', why: 'wrong word' });
    expect(JSON.stringify(logged)).not.toContain('guess');
    expect(minted).toEqual([]);
  });

  it('is not begun anew before the failures are paid for; others are not affected', async () => {
    const { room } = open();
    const wrong = Array.from({ length: 6 }, () => ['guess']);
    await expect(talk(room, wrong)).rejects.toMatchObject({ reason: 'LOGIN_REFUSED' });
    await expect(talk(room, [])).rejects.toMatchObject({
      reason: 'LIMIT_EXCEEDED',
      details: { retry_after_seconds: '30' },
    });
    expect((await talk(room, [['sesame'], ['please']], 'elsewhere')).minted?.token).toBe('a.b.c');
    expect((await talk(room, [['sesame'], ['please']], 'here', 'baba')).minted?.token).toBe('a.b.c');
  });

  it('gains nothing from being begun beforehand', async () => {
    const throttle = new Throttle(() => 0);
    const { room } = open(throttle);
    const visitor = { address: '192.0.2.1', source: 'here' };
    const signal = new AbortController().signal;
    const early = room.begin({ method: 'sesame', username: 'ali', visitor, signal });
    await early.next();
    for (let failure = 0; failure < 3; failure += 1) throttle.failed('ali', 'here');
    await expect(early.next(['sesame'])).rejects.toMatchObject({ reason: 'LIMIT_EXCEEDED' });
  });

  it('takes as many answers as it has prompts, and no huge ones', async () => {
    const { room } = open();
    for (const answers of [[], ['sesame', 'more'], ['x'.repeat(1025)], ['a\0b']]) {
      await expect(talk(room, [answers])).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT' });
    }
  });

  it('passes on what is nobody’s fault, and counts it against nobody', async () => {
    const throttle = new Throttle(() => 0);
    const { room } = open(throttle);
    await expect(talk(room, [['broken']])).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
    expect(throttle.slowedMs('ali')).toBe(0);
  });
});
