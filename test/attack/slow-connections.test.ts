/**
 * VULNERABILITY: a server that waits for slow clients has no room, or no time, for others.
 *
 * ATTACK: mallory holds 2,000 connections, each of which sends nothing, half a TLS hello, half a preface
 * of HTTP 2, or the headers of a request byte by byte, and replaces those that the server closes. Then she
 * fills the table of connections, and does the same from another host.
 *
 * VERIFIES: alice is answered meanwhile. The server ends each slow connection; one address has at most 256
 * without a valid token, and a full table of connections shuts out nobody.
 */
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alice, mallory } from '../support/account.ts';
import { SlowClients, STAGES } from '../support/clients/slow-clients.ts';
import { needs } from '../support/needs.ts';
import { TestDaemon } from '../support/server/daemon.ts';
import { Rpc } from '../support/server/rpc.ts';

const MANY = 2_000;
/** More than the server accepts. */
const TOO_MANY = 2_100;
const PER_SOURCE = 256;
const PORT = 7300;
const WHO_AM_I = '/latchkey.v1.AuthService/WhoAmI';
/** Addresses that are routed to this host without being its own (ip-route(8), type local). */
const ELSEWHERE = '10.77.0.0/24';
const theirs = '10.77.0.1';
const ours = '10.77.0.2';

describe('slow connections', needs('world'), () => {
  let daemon: TestDaemon;
  let slow: SlowClients;
  let token: string;

  beforeAll(async () => {
    execFileSync('ip', ['route', 'add', 'local', ELSEWHERE, 'dev', 'lo']);
    daemon = await TestDaemon.start({ config: { api: { listen: `[::]:${PORT}` } } });
    [token = ''] = await (await daemon.link(alice, '--print-token')).printed(/^eyJ[\w.-]+$/m);
    await daemon.link(alice); // one whose token the command line finds
    slow = await SlowClients.of(daemon);
  });
  afterEach(() => slow.release());
  afterAll(async () => {
    await slow?.[Symbol.asyncDispose]();
    await daemon?.[Symbol.asyncDispose]();
    execFileSync('ip', ['route', 'del', 'local', ELSEWHERE, 'dev', 'lo']);
  });

  async function answersAlice(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      expect(await daemon.cli(alice, ['whoami'])).toMatchObject({ status: 0 });
      expect(await daemon.cli(alice, ['start', '--', 'echo', 'ran'])).toMatchObject({ stdout: 'ran\n' });
    }
  }

  test.for(STAGES)(
    'of another account keep nobody from being answered: %s',
    { timeout: 120_000 },
    async (stage) => {
      await slow.hold({ stage, count: MANY, uid: mallory.uid, reopens: true });
      await answersAlice();
      expect((await slow.counts()).held).toBeGreaterThan(0);
    },
  );

  test.for(STAGES)('are ended by the server: %s', { timeout: 120_000 }, async (stage) => {
    await slow.hold({ stage, count: MANY, uid: mallory.uid, reopens: false });
    await expect.poll(() => slow.counts(), { timeout: 60_000 }).toEqual({ held: 0, closed: MANY });
  });

  test('that fill the table make room for others', { timeout: 120_000 }, async () => {
    await slow.hold({ stage: 'silent', count: TOO_MANY, uid: mallory.uid, reopens: true });
    await answersAlice();
  });

  test('from one address are at most 256, and shut out no other address', { timeout: 120_000 }, async () => {
    const between = { localAddress: theirs, host: ours };
    await slow.hold({ stage: 'half a preface', count: MANY, uid: mallory.uid, between, reopens: false });
    await expect.poll(async () => (await slow.counts()).held).toBeLessThanOrEqual(PER_SOURCE);
    using rpc = new Rpc({ address: `${ours}:${PORT}`, ca: daemon.serverFile.ca });
    expect(await rpc.unary(WHO_AM_I, Buffer.alloc(0), token)).toMatchObject({ code: 0 });
    await answersAlice();
    expect((await slow.counts()).held).toBeGreaterThan(0);
  });
});
