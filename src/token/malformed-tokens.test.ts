import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { importJWK, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { AppError } from '../errors.ts';
import { decodeClaims, encodeClaims, type TokenClaims } from './claims.ts';
import { signJws, verifyJws } from './jws.ts';
import { jwkOf, keySetOf, type SigningKey, signingKey } from './key.ts';

const now = 1_790_000_000;
const day = 86_400;
const es256 = signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const eddsa = signingKey(generateKeyPairSync('ed25519').privateKey);
const stranger = signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
const keys = keySetOf([es256, eddsa]);
const claims: TokenClaims = {
  sub: 'alice',
  iss: 'node1',
  jti: '01a2012d-78c2-778c-9f7a-66bc39cb0050',
  iat: now,
  exp: now + day,
  authMethod: 'link',
  user: 'alice',
  socket: '1000.00.sock',
  daemon: false,
};

const check = (token: string, nowSeconds = now): TokenClaims =>
  decodeClaims(verifyJws(token, keys).payload, { nowSeconds, longestLifetimeSeconds: day });

function reasonOf(token: string, nowSeconds?: number): string {
  try {
    check(token, nowSeconds);
    return 'accepted';
  } catch (error) {
    if (error instanceof AppError) return error.reason;
    throw error;
  }
}

const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** Makes a token with the given parts and a correct signature. */
function signed(header: unknown, payload: unknown, key: SigningKey = es256, der = false): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const options = { key: key.privateKey, dsaEncoding: der ? ('der' as const) : ('ieee-p1363' as const) };
  const digest = key.algorithm === 'ES256' ? 'sha256' : null;
  return `${input}.${sign(digest, Buffer.from(input), options).toString('base64url')}`;
}

const header = { alg: 'ES256', typ: 'JWT', kid: es256.kid };
const good = signJws(encodeClaims(claims), es256);
const [h = '', p = '', s = ''] = good.split('.');
const members = encodeClaims(claims) as Record<string, unknown>;
const text = JSON.stringify(members);
const withHeader = (change: object): string => signed({ ...header, ...change }, members);
const withClaims = (change: object): string => signed(header, { ...members, ...change });
const publicPem = es256.key.export({ format: 'pem', type: 'spki' });
const hmac = (input: string): string => createHmac('sha256', publicPem).update(input).digest('base64url');
const hs256 = `${encode({ ...header, alg: 'HS256' })}.${p}`;

/** A second spelling of the same signature: 86 characters encode 64 bytes and four unused bits. */
const nonCanonical = `${h}.${p}.${s.slice(0, -1)}${String.fromCharCode(s.charCodeAt(85) + 1)}`;

const malformedForms: [string, string][] = [
  ['nothing', ''],
  ['only dots', '..'],
  ['two parts', `${h}.${p}`],
  ['four parts', `${good}.${s}`],
  ['a dot at the end', `${good}.`],
  ['an empty signature', `${h}.${p}.`],
  ['padding', `${good}==`],
  ['padded claims', `${h}.${p}=.${s}`],
  ['non-zero unused bits', nonCanonical],
  ['the alphabet of plain base64', good.replaceAll('-', '+').replaceAll('_', '/').concat('+')],
  ['a leading space', ` ${good}`],
  ['a space inside', `${h}. ${p}.${s}`],
  ['a trailing newline', `${good}\n`],
  ['a trailing NUL', `${good}\0`],
  ['non-ASCII letters', `${good.slice(0, -1)}\uff21`],
  ['9 KiB', signed(header, { ...members, pad: 'x'.repeat(6800) })],
  ['8 MB', `${h}.${p}.${'A'.repeat(8_000_000)}`],
  ['a signature too short', `${h}.${p}.${Buffer.from(s, 'base64url').subarray(1).toString('base64url')}`],
  [
    'a signature too long',
    `${h}.${p}.${Buffer.concat([Buffer.from(s, 'base64url'), Buffer.alloc(1)]).toString('base64url')}`,
  ],
  ['a DER signature', signed(header, members, es256, true)],
  ['a signature of zeros', `${h}.${p}.${Buffer.alloc(64).toString('base64url')}`],
  ['the signature of other claims', `${h}.${encode({ ...members, sub: 'root' })}.${s}`],
  ['claims that are not an object', signed(header, '[]')],
  ['claims that are null', signed(header, 'null')],
  ['claims that are not JSON', signed(header, `${text},`)],
  ['a byte order mark', signed(header, `\ufeff${text}`)],
  ['claims nested too deeply', signed(header, '['.repeat(5000))],
];

const invalidHeaders: [string, string][] = [
  ['alg none', `${encode({ ...header, alg: 'none' })}.${p}.`],
  ['alg none with a signature', withHeader({ alg: 'none' })],
  ['alg None', withHeader({ alg: 'None' })],
  ['alg es256', withHeader({ alg: 'es256' })],
  ['no alg', withHeader({ alg: undefined })],
  ['an alg of another type', withHeader({ alg: ['ES256'] })],
  ['HS256 with the public key as secret', `${hs256}.${hmac(hs256)}`],
  ['ES384', withHeader({ alg: 'ES384' })],
  ['RS256', withHeader({ alg: 'RS256' })],
  ['EdDSA for a P-256 key', withHeader({ alg: 'EdDSA' })],
  ['ES256 for an Ed25519 key', signed({ ...header, kid: eddsa.kid }, members, eddsa)],
  ['the key id of another key', signed({ ...header, kid: es256.kid }, members, stranger)],
  ['an unknown key', signed({ ...header, kid: stranger.kid }, members, stranger)],
  ['no kid', withHeader({ kid: undefined })],
  ['an empty kid', withHeader({ kid: '' })],
  ['a kid that is a path', withHeader({ kid: '../../dev/null' })],
  ['a kid that is a property of every object', withHeader({ kid: '__proto__' })],
  ['a kid of another type', withHeader({ kid: { toString: es256.kid } })],
  ['its own key (jwk)', signed({ ...header, kid: stranger.kid, jwk: jwkOf(stranger) }, members, stranger)],
  ['jku', withHeader({ jku: 'https://evil.example/jwks' })],
  ['x5u', withHeader({ x5u: 'https://evil.example/cert' })],
  ['x5c', withHeader({ x5c: ['MIIB'] })],
  ['x5t', withHeader({ x5t: 'AAAA' })],
  ['crit', withHeader({ crit: ['exp'], exp: 1 })],
  ['an empty crit', withHeader({ crit: [] })],
  ['b64', withHeader({ b64: false, crit: ['b64'] })],
  ['zip', withHeader({ zip: 'DEF' })],
  ['another typ', withHeader({ typ: 'at+jwt' })],
  ['a member named __proto__', signed(`{"__proto__":{},${JSON.stringify(header).slice(1)}`, members)],
  ['alg twice', signed(`{"alg":"none",${JSON.stringify(header).slice(1)}`, members)],
  ['alg twice, once escaped', signed(`{"\\u0061lg":"none",${JSON.stringify(header).slice(1)}`, members)],
];

const invalidClaims: [string, string][] = [
  ...['sub', 'iss', 'jti', 'iat', 'exp', 'aud', 'fastx/auth-method'].map((name): [string, string] => [
    `no ${name}`,
    withClaims({ [name]: undefined }),
  ]),
  ...['sub', 'iss', 'jti', 'fastx/auth-method', 'fastx/user', 'fastx/socket', 'fastx/parent'].flatMap(
    (name) =>
      [
        [],
        ['alice'],
        '',
        ' \0',
        'a\nb',
        'a\u001b[2J',
        'a\u0085',
        'a\u202eb',
        '\u2028',
        7,
        null,
        true,
        {},
        'x'.repeat(257),
      ].map((value): [string, string] => [
        `${name} ${JSON.stringify(value).slice(0, 20)}`,
        withClaims({ [name]: value }),
      ]),
  ),
  ...['iat', 'exp'].flatMap((name) =>
    [
      '1e400',
      '1e10',
      '1790000100.5',
      '1790000100.0',
      '-1790000100',
      '-0',
      '0',
      '99999999999999999999',
      '"1790000100"',
    ].map((value): [string, string] => [
      `${name} ${value}`,
      signed(header, text.replace(new RegExp(`"${name}":\\d+`), `"${name}":${value}`)),
    ]),
  ),
  ...[[], ['api'], 'API', 'api ', 'latchkey-link', '', null, 1].map((aud): [string, string] => [
    `aud ${JSON.stringify(aud)}`,
    withClaims({ aud }),
  ]),
  ['a time of another type', withClaims({ exp: [now + 60] })],
  ['an expiry beyond the longest lifetime', withClaims({ exp: now + day + 1 })],
  ['an expiry before its issue time', withClaims({ iat: now + 30, exp: now + 20 })],
  ['an issue time in the future', withClaims({ iat: now + 61, exp: now + 600 })],
  ['nbf', withClaims({ nbf: now })],
  ['a flag that is not a boolean', withClaims({ 'fastx/daemon': 'true' })],
  ['a lone surrogate', signed(header, text.replace('"alice"', '"\\ud800"'))],
  ['a lone surrogate in an unknown claim', signed(header, text.replace('{', '{"x":["\\udc00"],'))],
  ['a lone surrogate in a name', signed(header, text.replace('{', '{"\\udc00":1,'))],
  ['sub twice', signed(header, text.replace('{', '{"sub":"root",'))],
  ['sub twice, once escaped', signed(header, text.replace('{', '{"s\\u0075b":"root",'))],
  ['a duplicate member in a nested object', signed(header, text.replace('{', '{"x":[{"y":{"a":1,"a":1}}],'))],
];

describe('a valid token', () => {
  test.each([es256, eddsa])('verifies here and, with jose, elsewhere', async (key) => {
    const token = signJws(encodeClaims(claims), key);
    expect(check(token)).toEqual(claims);
    const elsewhere = await jwtVerify(token, await importJWK({ ...jwkOf(key) }), {
      issuer: 'node1',
      audience: 'api',
      algorithms: [key.algorithm],
      currentDate: new Date(now * 1000),
    });
    expect(elsewhere.payload).toEqual({ ...members });
    expect(elsewhere.protectedHeader).toEqual({ alg: key.algorithm, typ: 'JWT', kid: key.kid });
  });

  test('may be encoded by another program: other order, no typ, unknown claims, colons in strings', () => {
    const { aud, ...rest } = members;
    const extra = { note: { deep: [1, '"x":"y"', '\\', { 'a:b': null }] } };
    expect(reasonOf(signed({ kid: es256.kid, alg: 'ES256' }, { ...extra, ...rest, aud }))).toBe('accepted');
  });

  test('expires at exp, to the second', () => {
    expect(reasonOf(good, claims.exp - 1)).toBe('accepted');
    expect(reasonOf(good, claims.exp)).toBe('TOKEN_EXPIRED');
  });

  test('may come from a clock that is a minute ahead', () => {
    expect(reasonOf(withClaims({ iat: now + 60 }))).toBe('accepted');
  });
});

describe('a malformed token is TOKEN_INVALID', () => {
  test.each(malformedForms)('form: %s', (_, token) => expect(reasonOf(token)).toBe('TOKEN_INVALID'));
  test.each(invalidHeaders)('header: %s', (_, token) => expect(reasonOf(token)).toBe('TOKEN_INVALID'));
  test.each(invalidClaims)('claims: %s', (_, token) => expect(reasonOf(token)).toBe('TOKEN_INVALID'));
});

describe('fuzz', () => {
  test('no mutated token verifies, and nothing but AppError is thrown', () => {
    const mutation = fc.tuple(
      fc.nat(good.length - 1),
      fc.nat(3),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    const mutated = fc
      .array(mutation, { minLength: 1, maxLength: 4 })
      .map((mutations) =>
        mutations.reduce(
          (token, [at, removed, added]) => token.slice(0, at) + added + token.slice(at + removed),
          good,
        ),
      );
    fc.assert(
      fc.property(mutated, (token) => {
        fc.pre(token !== good);
        expect(reasonOf(token)).toBe('TOKEN_INVALID');
      }),
      { numRuns: 2000 },
    );
  });

  test('no flipped bit of the decoded parts verifies', () => {
    const parts = [h, p, s].map((part) => Buffer.from(part, 'base64url'));
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), (index, bit) => {
        const flipped = parts.map((part) => Buffer.from(part));
        const part = flipped[index] ?? Buffer.alloc(1);
        const at = bit % (part.length * 8);
        part.writeUInt8(part.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3);
        expect(reasonOf(flipped.map((bytes) => bytes.toString('base64url')).join('.'))).toBe('TOKEN_INVALID');
      }),
      { numRuns: 1000 },
    );
  });

  test('correctly signed claims of any kind give claims of the right types or an AppError', () => {
    const anything = fc.dictionary(
      fc.constantFrom(...Object.keys(members), '__proto__', 'x'),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(anything, (change) => {
        const token = withClaims(change);
        if (token.length > 8192 || reasonOf(token) !== 'accepted') return;
        const { sub, iss, jti, iat, exp } = check(token);
        expect([sub, iss, jti].every((value) => typeof value === 'string' && value !== '')).toBe(true);
        expect(Number.isSafeInteger(iat) && Number.isSafeInteger(exp) && exp > now).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
