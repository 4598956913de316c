/**
 * VULNERABILITY: a server that trusts what a token says about itself (its algorithm, key, expiry and owner)
 * accepts one that it has never issued, or that has expired (RFC 8725, section 2).
 *
 * ATTACK: somebody who can reach the server sends tokens that are forged or malformed in every known way.
 * Most are signed with the server's real key, so that only the check in question stands between them and a
 * call.
 *
 * VERIFIES: each is refused as UNAUTHENTICATED with the right reason, only the public methods answer without
 * a token, and the database has nothing that a token could be made from.
 * src/token/malformed-tokens.test.ts tries many more tokens; these tests show that the running server applies
 * the checks to every call.
 */
import { createHmac, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AuthServiceDefinition } from '../../src/generated/latchkey/v1/auth.ts';
import { LinkServiceDefinition } from '../../src/generated/latchkey/v1/link.ts';
import { SessionServiceDefinition } from '../../src/generated/latchkey/v1/session.ts';
import { SystemServiceDefinition } from '../../src/generated/latchkey/v1/system.ts';
import { TokenServiceDefinition } from '../../src/generated/latchkey/v1/token.ts';
import { user } from '../support/account.ts';
import { TestDaemon } from '../support/server/daemon.ts';
import { Rpc } from '../support/server/rpc.ts';

const WHO_AM_I = '/latchkey.v1.AuthService/WhoAmI';
const UNAUTHENTICATED = 16;

const services = [
  AuthServiceDefinition,
  TokenServiceDefinition,
  LinkServiceDefinition,
  SessionServiceDefinition,
  SystemServiceDefinition,
];
const toLogIn = ['latchkey.v1.AuthService/ListMethods', 'latchkey.v1.AuthService/GetKeys'];

let daemon: TestDaemon;
let rpc: Rpc;
let good: string;
let key: KeyObject;
let header: Record<string, unknown>;
let claims: Record<string, unknown>;

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const decode = (part = ''): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString());

/** Signed with the daemon's own key. */
function signed(head: unknown, body: unknown): string {
  const input = `${encode(head)}.${encode(body)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function hmacWithPublicKey(): string {
  const pem = createPublicKey(key).export({ format: 'pem', type: 'spki' });
  const input = `${encode({ ...header, alg: 'HS256' })}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', pem).update(input).digest('base64url')}`;
}

const forged: Record<string, () => string> = {
  'not a token': () => 'x',
  'alg none': () => `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
  'HMAC with the public key': hmacWithPublicKey,
  'a key in the header': () =>
    signed({ ...header, jwk: createPublicKey(key).export({ format: 'jwk' }) }, claims),
  'a critical header': () => signed({ ...header, crit: ['b64'], b64: false }, claims),
  'an unknown key id': () => signed({ ...header, kid: 'other' }, claims),
  'a duplicated member': () => signed(header, JSON.stringify(claims).replace('{', '{"sub":"root",')),
  'no expiry': () => signed(header, { ...claims, exp: undefined }),
  'an expiry that is not an integer': () => signed(header, { ...claims, exp: Number(claims.exp) + 0.5 }),
  'an expiry too far in the future': () =>
    signed(header, { ...claims, exp: Number(claims.exp) + 10 * 365 * 86_400 }),
  'an expiry of 1e400': () => signed(header, JSON.stringify(claims).replace(/"exp":\d+/, '"exp":1e400')),
  'no subject': () => signed(header, { ...claims, sub: '' }),
  'a control character in the subject': () => signed(header, { ...claims, sub: 'al\u0000ice' }),
  'another audience': () => signed(header, { ...claims, aud: 'web' }),
  'several audiences': () => signed(header, { ...claims, aud: ['api'] }),
  'another issuer': () => signed(header, { ...claims, iss: 'proxy' }),
  '9 KiB': () => signed(header, { ...claims, pad: 'x'.repeat(6800) }),
  'other claims under its signature': () => {
    const [head, , signature] = good.split('.');
    return `${head}.${encode({ ...claims, sub: 'root' })}.${signature}`;
  },
  padding: () => `${good}==`,
};

describe('forged and malformed tokens', () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    rpc = new Rpc(daemon.serverFile);
    const link = daemon.begin(user, ['link', '--print-token']);
    good = (await link.printed(/\S+\n/))[0].trim();
    const [head, body] = good.split('.');
    header = decode(head);
    claims = decode(body);
    key = createPrivateKey(readFileSync(join(daemon.stateFolder, 'pki/jwt.key')));
  });
  afterAll(async () => {
    rpc?.[Symbol.dispose]();
    await daemon?.[Symbol.asyncDispose]();
  });

  test('the token that they are made from is valid (F2, F5, F6, F7)', async () => {
    expect(claims).toMatchObject({
      sub: user.name,
      aud: 'api',
      iss: daemon.serverFile.serverId,
      'fastx/auth-method': 'link',
    });
    expect((await rpc.unary(WHO_AM_I, undefined, good)).code).toBe(0);
  });

  for (const [what, make] of Object.entries(forged)) {
    test(`${what}: refused as invalid`, async () => {
      const answer = await rpc.unary(WHO_AM_I, undefined, make());
      expect(answer).toMatchObject({ code: UNAUTHENTICATED, reason: 'TOKEN_INVALID' });
    });
  }

  test('an expired token is refused as expired', async () => {
    const now = Math.floor(Date.now() / 1000);
    const answer = await rpc.unary(
      WHO_AM_I,
      undefined,
      signed(header, { ...claims, iat: now - 100, exp: now - 1 }),
    );
    expect(answer).toMatchObject({ code: UNAUTHENTICATED, reason: 'TOKEN_EXPIRED' });
  });

  test('a token that was never issued is not active, although its signature is valid (F3)', async () => {
    const answer = await rpc.unary(WHO_AM_I, undefined, signed(header, { ...claims, jti: 'never-issued' }));
    expect(answer).toMatchObject({ code: UNAUTHENTICATED, reason: 'TOKEN_NOT_ACTIVE' });
  });

  test('without a token only the public methods answer (F1)', async () => {
    expect(await rpc.unary(WHO_AM_I)).toMatchObject({ code: UNAUTHENTICATED, reason: 'NOT_LOGGED_IN' });
    const opened: string[] = [];
    for (const { fullName, methods } of services) {
      for (const { name } of Object.values<{ name: string }>(methods)) {
        const { code } = await rpc.unary(`/${fullName}/${name}`);
        if (code !== UNAUTHENTICATED) opened.push(`${fullName}/${name}`);
      }
    }
    // A link registers before it has a token: the kernel says whose it is (F22).
    const conversing = ['latchkey.v1.AuthService/Login', 'latchkey.v1.LinkService/RegisterLink'];
    expect(opened).toEqual([...toLogIn, ...conversing]);
    for (const path of [...toLogIn, 'grpc.health.v1.Health/Check']) {
      expect((await rpc.unary(`/${path}`)).code, path).toBe(0);
    }
  });

  test('the database has nothing that could authorise a call (F4)', () => {
    for (const name of ['latchkey.db', 'latchkey.db-wal']) {
      const bytes = readFileSync(join(daemon.stateFolder, name)).toString('latin1');
      expect(bytes).not.toContain(good.split('.')[2]);
      expect(bytes).not.toMatch(/eyJ[\w-]+\.eyJ/);
    }
  });
});
