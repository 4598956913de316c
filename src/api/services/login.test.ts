import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { ServedApi, type ServedOptions } from '../../../test/support/server/served-api.ts';
import type { Authority } from '../../authority/authority.ts';
import type { Client } from '../../client/connect/connect.ts';
import { LoginPurpose, type LoginRequest, type LoginResponse } from '../../generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import type { Turn } from '../../login/conversation.ts';
import { login } from './login.ts';

type Begin = NonNullable<ReturnType<NonNullable<ServedOptions['logins']>>>['begin'];

let api: ServedApi;
let client: Client;

/** Starts a server whose logins are `begin`. */
async function serve(begin: (authority: Authority) => Begin, callLimits: ServedOptions['callLimits'] = {}) {
  const logins: ServedOptions['logins'] = (authority) => ({ usable: () => [], begin: begin(authority) });
  api = await ServedApi.start({ logins, callLimits });
  client = await api.client();
}

const ask = (count: number): Turn => {
  const prompts = Array.from({ length: count }, (_, at) => ({ text: `${at}?`, echo: true }));
  return { kind: 'prompts', name: '', instruction: '', prompts, again: false };
};
const begin = { method: AuthMethod.SSH, username: 'ali', purpose: LoginPurpose.LOGIN };

/** Logs in and answers each prompt with `answer`; resolves with the number of prompts. */
async function hold(answer?: (count: number) => string[], isBegun = true): Promise<number> {
  const conversation = client.auth.login();
  if (isBegun) await conversation.send({ request: { $case: 'begin', value: begin } });
  let asked = 0;
  for await (const { challenge } of conversation.responses as AsyncIterable<LoginResponse>) {
    if (challenge?.$case !== 'prompts') continue;
    asked += challenge.value.prompts.length;
    if (answer === undefined) continue;
    const texts = answer(challenge.value.prompts.length);
    await conversation.send({ request: { $case: 'answers', value: { texts } } });
  }
  return asked;
}

const answerAll = (count: number): string[] => Array.from({ length: count }, () => 'x'.repeat(500));
const late = (message: RegExp) =>
  expect.objectContaining({ reason: 'DEADLINE_EXCEEDED', message: expect.stringMatching(message) });

/** Returns where a login from another host comes from, as its method is told. */
async function originOf(address: string): Promise<unknown> {
  const peer = { address, port: 1, isLocal: false, uid: async () => undefined };
  const identify = (): never => expect.unreachable();
  const { signal } = new AbortController();
  const caller = { peer, end: () => {}, requestId: 'r', signal, identify };
  const refused = new Error('refused');
  let told: unknown;
  const logins = {
    begin: ({ origin }: Parameters<Begin>[0]): never => {
      told = origin;
      throw refused;
    },
  };
  async function* requests(): AsyncGenerator<LoginRequest> {
    yield { request: { $case: 'begin', value: begin } };
  }
  const conversation = login({ logins, revocation: {} as never }, requests(), caller);
  await expect(conversation.next()).rejects.toBe(refused);
  return told;
}

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3::4', '20010db800010002::/64'],
])('failed logins from %s are counted by %s', async (address, source) => {
  expect(await originOf(address)).toEqual({ address, source });
});

describe('a login over the API', () => {
  afterEach(async () => {
    await client.close();
    await api[Symbol.asyncDispose]();
  });

  it('carries any number of prompts, together and in sequence', async () => {
    await serve(
      (authority) =>
        async function* () {
          for (const count of [100, ...Array.from({ length: 50 }, () => 1)]) yield ask(count);
          return authority.mint({ login: 'ali', authMethod: 'ssh' });
        },
    );
    expect(await hold(answerAll)).toBe(150);
    expect((await api.authority.list({ login: 'ali', pageSize: 0 })).total).toBe(1);
  });

  it('ends after the token, whether the client ends its own side or not', async () => {
    await serve(
      (authority) =>
        async function* () {
          yield ask(1);
          return authority.mint({ login: 'ali', authMethod: 'ssh' });
        },
    );
    const conversation = client.auth.login();
    await conversation.send({ request: { $case: 'begin', value: begin } });
    await conversation.send({ request: { $case: 'answers', value: { texts: ['x'] } } });
    const cases: unknown[] = [];
    for await (const { challenge } of conversation.responses) cases.push(challenge?.$case);
    expect(cases).toEqual(['prompts', 'done']);
  });

  it('is cancelled when the client ends its own side before its answer', async () => {
    await serve(
      () =>
        async function* () {
          yield ask(1);
          throw new Error('not reached');
        },
    );
    const conversation = client.auth.login();
    await conversation.send({ request: { $case: 'begin', value: begin } });
    conversation.end();
    const read = async (): Promise<void> => {
      for await (const _ of conversation.responses);
    };
    await expect(read()).rejects.toMatchObject({ reason: 'CANCELLED' });
  });

  it('revokes a token whose client has disconnected', async () => {
    const minted = Promise.withResolvers<void>();
    await serve(
      (authority) =>
        async function* ({ signal }) {
          yield ask(1);
          const token = await authority.mint({ login: 'ali', authMethod: 'ssh' });
          minted.resolve();
          if (!signal.aborted) await once(signal, 'abort');
          return token;
        },
    );
    const conversation = client.auth.login();
    await conversation.send({ request: { $case: 'begin', value: begin } });
    await conversation.send({ request: { $case: 'answers', value: { texts: ['x'] } } });
    await minted.promise;
    const removed = api.authority.changes.subscribe(AbortSignal.timeout(5_000));
    expect((await api.authority.list({ login: 'ali', pageSize: 0 })).total).toBe(1);
    conversation.cancel();
    expect((await removed.next()).value).toMatchObject({ kind: 'removed', claims: { sub: 'ali' } });
    expect((await api.authority.list({ login: 'ali', pageSize: 0 })).total).toBe(0);
  });

  it('counts failures by the account that the kernel reports for a caller on this host', async () => {
    const origins: unknown[] = [];
    await serve(
      (authority) =>
        async function* ({ origin }) {
          origins.push(origin);
          yield ask(1);
          return authority.mint({ login: 'ali', authMethod: 'ssh' });
        },
    );
    await hold(answerAll);
    expect(origins).toEqual([{ address: '127.0.0.1', source: `uid ${process.getuid?.()}` }]);
  });

  it('waits longer for an answer that is typed, but not for ever', async () => {
    const endless: Begin = async function* () {
      for (;;) yield ask(1);
    };
    await serve(() => endless, { messageDueMs: 150, typedDueMs: 600, publicStreamMs: 1500 });
    await expect(hold(undefined, false)).rejects.toEqual(late(/within 0.15 s/));
    await expect(hold()).rejects.toEqual(late(/within 0.6 s/));
    await expect(hold(answerAll)).rejects.toEqual(late(/longer than 1.5 s/));
  });
});
