/** Connections without a call: the limits that the server has by default, by a clock that the test sets. */
import { once } from 'node:events';
import type { ClientHttp2Session } from 'node:http2';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { callHeaders, EMPTY, grpcStatus, WHO_AM_I } from '../../../test/support/clients/raw-call.ts';
import { RawHttp2 } from '../../../test/support/server/raw-http2.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

afterEach(() => void vi.useRealTimers());

/** Resolves when the server has answered a ping, which is no call. */
async function ping(session: ClientHttp2Session): Promise<void> {
  await promisify((done: (error: Error | null) => void) => session.ping(done))();
}

describe('a connection without a call', () => {
  it.each<[string, string, number, string | undefined, status]>([
    ['20 seconds', 'has shown no valid token', 20 * SECOND_MS, undefined, status.UNAUTHENTICATED],
    ['30 minutes', 'has shown one', 30 * MINUTE_MS, 'alice', status.OK],
  ])('is closed after %s when it %s', async (_after, _which, idleMs, login, answer) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    await using api = await ServedApi.start();
    const session = api.http2();
    const authorization = { authorization: `Bearer ${login === undefined ? 'x' : await api.token(login)}` };
    const call = session.request(callHeaders(WHO_AM_I, authorization)).end(EMPTY);
    expect(await grpcStatus(call)).toBe(answer);
    await ping(session);
    vi.advanceTimersByTime(idleMs);
    await expect(ping(session), 'it was closed too early').resolves.toBeUndefined();
    vi.advanceTimersByTime(SECOND_MS);
    await expect(ping(session), 'it was not closed').rejects.toThrow();
  });

  it('is asked after two minutes whether it lives, and closed when it does not answer within 20 seconds', async () => {
    await using api = await ServedApi.start();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    using mute = await RawHttp2.connect(api.port, api.pki.caPem);
    const polite = api.http2();
    const asked = vi.fn();
    polite.on('ping', asked);
    await once(polite, 'connect');
    await Promise.all([mute.ping(), ping(polite)]);
    vi.advanceTimersByTime(2 * MINUTE_MS - 1);
    await ping(polite);
    expect(asked).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    await ping(polite); // answered after the question, and received after the answer to it
    expect(asked).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(20 * SECOND_MS - 1);
    await expect(mute.ping(), 'it was closed too early').resolves.toBeUndefined();
    vi.advanceTimersByTime(1);
    await expect(mute.ping(), 'it was not closed').rejects.toThrow();
    await expect(ping(polite), 'the one that answered was closed').resolves.toBeUndefined();
    polite.destroy();
  });
});
