/** A token is accepted only as it was issued, and only while it is active. */
import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AuthorityWorld, alice } from '../../../test/support/server/authority.ts';
import { encodeClaims, type TokenClaims } from '../../token/claims.ts';
import { signJws } from '../../token/jws.ts';
import { keySetOf, signingKey } from '../../token/key.ts';
import type { Authority } from '../authority.ts';

const HUGE = 8_000_000;
const ROUNDS = 300;

let world: AuthorityWorld;
let authority: Authority;
beforeEach(async () => {
  world = new AuthorityWorld();
  authority = await world.open();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('a token', () => {
  test('expires on time, even when its signature is cached or the clock jumps', async () => {
    const { token, claims } = await authority.mint(alice);
    expect(await world.reasonOf(token)).toBe('accepted');
    world.nowMs = claims.exp * 1000 - 1;
    expect(await world.reasonOf(token)).toBe('accepted');
    world.nowMs += 1;
    expect(await world.reasonOf(token)).toBe('TOKEN_EXPIRED');
    expect(authority.isActive(claims.jti)).toBe(false);
    expect(await authority.get(claims.jti)).toBeUndefined();
    world.nowMs = claims.iat * 1000 - 3_600_000;
    expect(await world.reasonOf(token)).toBe('TOKEN_INVALID');
  });

  test('of another server, with another key, or never issued is refused', async () => {
    const { claims } = await authority.mint(alice);
    const { signing } = world.keys;
    const stranger = signingKey(generateKeyPairSync('ed25519').privateKey);
    expect(await world.reasonOf(signJws(encodeClaims({ ...claims, iss: 'node2' }), signing))).toBe(
      'TOKEN_INVALID',
    );
    expect(await world.reasonOf(signJws(encodeClaims(claims), stranger))).toBe('TOKEN_INVALID');
    expect(await world.reasonOf(signJws(encodeClaims({ ...claims, jti: 'never' }), signing))).toBe(
      'TOKEN_NOT_ACTIVE',
    );
    expect(await world.reasonOf('')).toBe('TOKEN_INVALID');
  });

  test('that is far too long is refused before it is hashed', async () => {
    const huge = 'x'.repeat(HUGE);
    const before = process.cpuUsage();
    for (let round = 0; round < ROUNDS; round += 1) expect(await world.reasonOf(huge)).toBe('TOKEN_INVALID');
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1000).toBeLessThan(ROUNDS);
  });

  const others: Record<string, Partial<TokenClaims>> = {
    'another login': { sub: 'root' },
    'a look-alike login': { sub: 'аlice' },
    'another Linux user': { user: 'root' },
    "the local administrator's method": { authMethod: 'local' as const },
    "another link's socket": { socket: '0.0.sock' },
    "a link daemon's flag": { daemon: true },
    'another client': { clientIp: '192.0.2.1' },
    'a parent': { parent: 'j' },
    'a host name': { hostname: 'other' },
    'a gateway': { gatewayServerId: 'g' },
    'a later end': { exp: 1_790_001_801 },
    'a later beginning': { iat: 1_790_000_001 },
  };
  test.each(Object.entries(others))(
    'with %s than issued is refused, though signed and active',
    async (_, claim) => {
      // Less than the longest lifetime, which is checked without the issued claims.
      const { token, claims } = await authority.mint({ ...alice, expiresAtMs: world.nowMs + 1_800_000 });
      const bent = signJws(encodeClaims({ ...claims, ...claim }), world.keys.signing);
      expect(await world.reasonOf(bent)).toBe('TOKEN_INVALID');
      expect(await world.reasonOf(token)).toBe('accepted');
      expect(await world.reasonOf(bent)).toBe('TOKEN_INVALID');
    },
  );

  test('without one of its claims is refused, too', async () => {
    const { claims } = await authority.mint({ ...alice, clientIp: '::1' });
    const { user: _, ...rest } = claims;
    expect(await world.reasonOf(signJws(encodeClaims(rest), world.keys.signing))).toBe('TOKEN_INVALID');
  });

  test('signed with a replaced key is accepted, and that key stays published', async () => {
    const { token, claims } = await authority.mint(alice);
    const { signing: old, verification, master } = world.keys;
    const signing = signingKey(generateKeyPairSync('ed25519').privateKey);
    world.keys = { signing, verification: keySetOf([...verification.values(), signing]), master };
    authority = await world.open();
    expect(await authority.verify(token)).toEqual(claims);
    expect(authority.jwks().keys.map(({ kid }) => kid)).toEqual([old.kid, signing.kid]);
  });

  test('is compared once for all calls that come before it is known', async () => {
    const { token, claims } = await authority.mint(alice);
    const first = authority.verify(token);
    expect(authority.verify(token)).toBe(first);
    expect(await first).toEqual(claims);
    expect(authority.verify(token)).toEqual(claims); // known now
  });

  test('is refused when it is revoked while its claims are looked up', async () => {
    const { token, claims } = await authority.mint(alice);
    const verified = authority.verify(token);
    authority.refuse([claims.jti]);
    await expect(verified).rejects.toMatchObject({ reason: 'TOKEN_NOT_ACTIVE' });
    expect(await world.reasonOf(token)).toBe('TOKEN_NOT_ACTIVE');
  });
});
