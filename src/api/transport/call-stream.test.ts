import { once } from 'node:events';
import { connect } from 'node:http2';
import { duplexPair } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Server, ServerCredentials, ServerInterceptingCall } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { callHeaders, framed } from '../../../test/support/clients/raw-call.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { CallStream } from './call-stream.ts';

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

it('lets a writer continue only when little waits to be sent', async () => {
  const accepted = Promise.withResolvers<CallStream>();
  const server = new Server({
    interceptors: [
      (_, call) => {
        accepted.resolve(new CallStream(call, 1024, () => {}));
        return new ServerInterceptingCall(call, { start: () => {} });
      },
    ],
  });
  server.register('/latchkey/Check', () => {}, Buffer.from, Buffer.from, 'bidi');
  const [near, far] = duplexPair();
  const client = connect('http://localhost', { createConnection: () => near });
  const answer = client.request(callHeaders('latchkey/Check'));
  server.createConnectionInjector(ServerCredentials.createInsecure()).injectConnection(far);
  const call = await accepted.promise;
  const KIB = Buffer.alloc(1024);
  for (let written = 0; written < 256; written += 1) expect(call.write(KIB)).toBeUndefined();
  let hasRoom = false;
  const room = call.write(Buffer.alloc(1024 * 1024))?.then(() => {
    hasRoom = true;
  });
  await once(answer, 'readable'); // the first messages have been sent
  await new Promise((resolve) => client.ping(resolve));
  expect(hasRoom).toBe(false);
  answer.resume();
  await room;
  expect(hasRoom).toBe(true);
  client.destroy();
  server.forceShutdown();
});
