import { expect, test } from 'vitest';
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
