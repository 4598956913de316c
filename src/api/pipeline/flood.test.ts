import { expect, it } from 'vitest';
import { FixedWindow } from '../../limits/fixed-window.ts';
import type { Connection } from '../transport/connections.ts';
import { peerOf } from '../transport/peer.ts';
import { Limits } from './limits.ts';

const SECOND_MS = 1_000;

it('more calls within a second than allowed are a flood, unless the connection has shown a token', () => {
  let nowMs = 0;
  const limits = new Limits({ unauthenticatedPerSecond: 2 }, () => nowMs);
  const peer = peerOf({ address: '192.0.2.7', port: 1 }, { address: '192.0.2.8', port: 2 });
  const attempts = new FixedWindow(SECOND_MS, nowMs);
  const connection: Connection = { peer, calls: 0, authenticated: false, idleSinceMs: 0, attempts };
  const three = (): boolean[] => [1, 2, 3].map(() => limits.isFlood(connection));
  expect(three()).toEqual([false, false, true]);
  nowMs += SECOND_MS + 1;
  expect(three()).toEqual([false, false, true]);
  connection.authenticated = true;
  expect(three()).toEqual([false, false, false]);
});
