import { createHmac } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAnotherSignature } from '../../../test/support/clients/changed-token.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { HARMFUL, HOSTILE } from '../../../test/support/terminal/hostile-text.ts';
import { capture } from '../../../test/support/terminal/memory-io.ts';
import type { Minted } from '../../authority/authority.ts';
import { loadKeys } from '../../authority/keys/keys.ts';
import { Token } from '../../generated/latchkey/v1/token.ts';
import type { Challenge } from '../../login/method.ts';
import { encodeClaims, type TokenClaims } from '../../token/claims.ts';
import { signJws } from '../../token/jws.ts';
import type { SigningKey } from '../../token/key.ts';

const PASSWORD = { text: 'Password: ', echo: false };

/** The server's answer to every login, and the prompts before it. */
let answer: Minted;
let asks: Prompts[] = [];
let api: ServedApi;
let key: SigningKey;
let good: Minted;

beforeAll(async () => {
  api = await ServedApi.start({
    logins: () => ({
      usable: () => [],
      async *begin() {
        for (const asked of asks) yield asked;
        yield { kind: 'notice', text: 'Welcome.', again: false };
        return answer;
      },
    }),
  });
  const { folder, pki, authority } = api;
  key = (await loadKeys({ folder: join(folder, 'pki'), settings: { algorithm: 'ES256' }, pki })).signing;
  good = await authority.mint({ login: 'alice', authMethod: 'ssh' });
});
afterAll(() => api[Symbol.asyncDispose]());

type Prompts = Extract<Challenge, { kind: 'prompts' }> & { again: boolean };

/** Logs in; resolves with the output and the stored token. */
async function login(given: Minted) {
  answer = given;
  const env = { HOME: api.folder, LATCHKEY_CA: join(api.folder, 'pki', 'ca.pem') };
  const argv = ['login', '--server', api.address, '--answers-stdin', 'alice@'];
  const { status, stderr } = await capture(argv, { env });
  const file = join(api.folder, '.config/latchkey/servers', api.address.replace(':', '_'), 'token');
  return { status, stderr, kept: existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined };
}

/** Returns the good token with other claims, signed by the server's own key. */
function signedWith(change: Partial<TokenClaims>): string {
  return signJws(encodeClaims({ ...good.claims, ...change }), key);
}

/** Returns the good token's parts with another header, signed by `sign`. */
function withHeader(header: object, sign: (input: string) => string): string {
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${good.token.split('.')[1]}`;
  return `${input}.${sign(input)}`;
}

describe('a token from a login (N8)', () => {
  const second = (): number => Math.floor(Date.now() / 1000);
  const bent: [string, () => string, RegExp][] = [
    ['is no token', () => 'hello', /not stored/],
    ['has another signature', () => withAnotherSignature(good.token), /not stored/],
    ['has none', () => withHeader({ alg: 'none', typ: 'JWT' }, () => ''), /not stored/],
    [
      'is signed with a public key as a secret',
      () =>
        withHeader({ alg: 'HS256', typ: 'JWT', kid: key.kid }, (input) =>
          createHmac('sha256', api.pki.caPem).update(input).digest('base64url'),
        ),
      /not stored/,
    ],
    ['is of another server', () => signedWith({ iss: 'lk-other' }), /does not name server lk-other/],
    ['is of another name of the host', () => signedWith({ iss: 'localhost' }), /issuer is another server/],
    ['is over', () => signedWith({ iat: second() - 9, exp: second() - 1 }), /it has expired/],
    [
      "is somebody else's",
      () => signedWith({ sub: 'root' }),
      /its claims are not those that the server announced/,
    ],
    [
      'has another id',
      () => signedWith({ jti: 'another' }),
      /its claims are not those that the server announced/,
    ],
  ];

  it.each(bent)('is not stored when it %s', async (_, token, said) => {
    const { status, stderr, kept } = await login({ token: token(), claims: good.claims });
    expect({ status, kept }).toEqual({ status: 6, kept: undefined });
    expect(stderr).toMatch(said);
  });

  it('is stored when it is valid', async () => {
    expect(await login(good)).toEqual({ status: 0, stderr: 'Welcome.\n', kept: good.token });
  });
});

describe('before the password is asked', () => {
  const MINUTE_MS = 60_000;

  /** Logs in at a server whose clock is ahead; resolves with the number of tokens that are left there. */
  async function loginAt(clockAheadMs: number, env: Record<string, string> = {}) {
    let asked = 0;
    await using served = await ServedApi.start({
      clockAheadMs,
      logins: (authority) => ({
        usable: () => [],
        async *begin() {
          asked += 1;
          yield { kind: 'prompts', name: '', instruction: '', prompts: [PASSWORD], again: false };
          return authority.mint({ login: 'alice', authMethod: 'ssh' });
        },
      }),
    });
    const given = { HOME: served.folder, LATCHKEY_CA: join(served.folder, 'pki', 'ca.pem'), ...env };
    const argv = ['login', '--server', served.address, '--answers-stdin', 'alice@'];
    const { status, stderr } = await capture(argv, { env: given, input: 'secret\n' });
    return { status, stderr, asked, left: (await served.authority.count()).tokens };
  }

  it.each([2 * MINUTE_MS, -2 * MINUTE_MS])('clocks may differ a little: %d ms', async (aheadMs) => {
    expect(await loginAt(aheadMs)).toEqual({ status: 0, stderr: '', asked: 1, left: 1 });
  });

  it.each([90 * MINUTE_MS, -540 * MINUTE_MS])(
    'clocks that differ are told, with both times: %d ms',
    async (aheadMs) => {
      const { status, stderr, asked, left } = await loginAt(aheadMs);
      expect({ status, asked, left }).toEqual({ status: 6, asked: 0, left: 0 });
      const [, here = '', there = ''] = /clocks differ .* is (\S+Z), that of \S+ (\S+Z);/.exec(stderr) ?? [];
      expect(Math.abs(Date.parse(there) - Date.parse(here) - aheadMs)).toBeLessThan(MINUTE_MS);
    },
  );

  it('a folder that cannot keep the token is told', async () => {
    const { status, stderr, asked, left } = await loginAt(0, { XDG_CONFIG_HOME: '/dev/null' });
    expect({ status, asked, left }).toEqual({ status: 6, asked: 0, left: 0 });
    expect(stderr).toMatch(
      /^latchkey: cannot keep a token in \/dev\/null\/.* \([a-z ]+\); .*XDG_CONFIG_HOME\n$/,
    );
  });
});

it('a token that cannot be kept after all is revoked', async () => {
  const home = mkdtempSync(join(tmpdir(), 'latchkey-home-'));
  const before = (await api.authority.count()).tokens;
  await using client = await api.client(undefined, {
    server: api.address,
    env: { HOME: home },
    ca: join(api.folder, 'pki', 'ca.pem'),
  });
  const done = await api.authority.mint({ login: 'eve', authMethod: 'ssh' });
  writeFileSync(join(home, '.config'), 'no folder');
  const claims = { ...Token.create(), login: 'eve', jti: done.claims.jti };
  await expect(client.storeToken({ token: done.token, claims })).rejects.toThrow();
  expect((await api.authority.count()).tokens).toBe(before);
  rmSync(home, { recursive: true });
});

describe('the prompts and messages of a server', () => {
  it.each(Object.entries(HOSTILE))('are harmless: %s', async (_, text) => {
    asks = [
      { kind: 'prompts', name: text, instruction: text, prompts: [{ text, echo: true }], again: false },
    ];
    const { status, stderr } = await login(good);
    asks = [];
    expect(status).toBe(2);
    expect(stderr).toMatch(/latchkey: there is no answer for "/);
    expect(stderr).not.toMatch(HARMFUL);
  });
});
