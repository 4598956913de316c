import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { callHeaders, framed } from '../../../test/support/clients/raw-call.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';

const CALLS = 40;
const JUNK_BYTES = 1_000_000;
/** An unknown field of 1,000,000 bytes, which the decoder drops. */
const JUNK = Buffer.concat([Buffer.from([0x7a, 0xc0, 0x84, 0x3d]), Buffer.alloc(JUNK_BYTES)]);

it('does not keep a request in memory while its answer is sent', async () => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const kept = (): number => {
    gc();
    return process.memoryUsage().arrayBuffers;
  };
  await using api = await ServedApi.start();
  const session = api.http2();
  const authorization = `Bearer ${await api.token('alice')}`;
  const watch = async (request: Buffer): Promise<void> => {
    const stream = session.request(callHeaders('latchkey.v1.TokenService/WatchTokens', { authorization }));
    stream.end(framed(request));
    await new Promise((resolve) => stream.once('data', resolve));
  };
  await watch(Buffer.alloc(0));
  const before = kept();
  for (let call = 0; call < CALLS; call += 1) await watch(JUNK);
  // The request sent last may be released only in the next turn of the event loop.
  await expect.poll(() => kept() - before).toBeLessThan(JUNK_BYTES);
  session.destroy();
});
