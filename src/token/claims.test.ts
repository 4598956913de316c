import { expect, test } from 'vitest';
import { AuthMethod } from '../generated/latchkey/v1/token.ts';
import type { AuthMethodName } from '../values/auth-method.ts';
import { enumWords } from '../values/enum-word.ts';
import { decodeClaims, encodeClaims, type TokenClaims } from './claims.ts';

const claims: TokenClaims = {
  sub: 'alice',
  iss: 'node1',
  jti: 'id',
  iat: 1_790_000_000,
  exp: 1_790_000_060,
  authMethod: 'link-daemon',
  clientIp: '192.0.2.1',
  hostname: 'host',
  socket: '7001.00.sock',
  daemon: true,
  gatewayServerId: 'node2',
  gatewayHostname: 'gateway',
  nodeLink: false,
};

test('optional claims have their published names and survive a round trip (F8)', () => {
  const encoded = encodeClaims(claims);
  expect(encoded).toMatchObject({
    'fastx/client-ip': '192.0.2.1',
    'fastx/hostname': 'host',
    'fastx/socket': '7001.00.sock',
    'fastx/daemon': true,
    'fastx/gateway-serverId': 'node2',
    'fastx/gateway-hostname': 'gateway',
    'fastx/node-link': false,
  });
  expect(decodeClaims(encoded, { nowSeconds: claims.iat, longestLifetimeSeconds: 60 })).toEqual(claims);
});

test('a login method has the name that other programs know in the claim, and its own everywhere else (F7)', () => {
  const methods = {
    ssh: 'web-ssh',
    pam: 'pam',
    key: 'key',
    oidc: 'web-openid',
    saml: 'web-saml',
    link: 'link',
    'link-daemon': 'link-daemon',
    local: 'local',
    'ssh-start': 'web-ssh-start',
  } as const;
  const times = { nowSeconds: claims.iat, longestLifetimeSeconds: 60 };
  expect(Object.keys(methods)).toEqual(enumWords(AuthMethod));
  for (const [name, claim] of Object.entries(methods)) {
    const encoded = encodeClaims({ ...claims, authMethod: name as AuthMethodName });
    expect(encoded).toMatchObject({ 'fastx/auth-method': claim });
    expect(decodeClaims(encoded, times).authMethod).toBe(name);
  }
  for (const claim of ['ssh', 'ssh-start', 'oidc', 'constructor', ''])
    expect(() => decodeClaims({ ...encodeClaims(claims), 'fastx/auth-method': claim }, times)).toThrow(
      /auth-method/,
    );
});

test('a name has at most 256 characters', () => {
  const times = { nowSeconds: claims.iat, longestLifetimeSeconds: 60 };
  const longest = 'x'.repeat(256);
  expect(decodeClaims(encodeClaims({ ...claims, sub: longest }), times).sub).toBe(longest);
  expect(() => decodeClaims(encodeClaims({ ...claims, sub: `${longest}x` }), times)).toThrow(/sub/);
});
