import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { callHeaders, framed } from '../../../test/support/clients/raw-call.ts';
import { RawHttp2 } from '../../../test/support/server/raw-http2.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { LoginPurpose, LoginRequest } from '../../generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import type { Conversations } from '../../login/conversation.ts';
import { queueWhilePaused } from './byte-queue.ts';
import { MessageDecoder } from './message-decoder.ts';

const SENT_BYTES = 60_000;
const BEGIN = LoginRequest.fromPartial({
  request: {
    $case: 'begin',
    value: { method: AuthMethod.SSH, username: 'ali', purpose: LoginPurpose.LOGIN },
  },
});

describe('the bytes that a client sends', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes)));

  it('are split into the same messages however they are chunked', () => {
    fc.assert(
      fc.property(pieces, fc.array(fc.integer({ min: 1, max: 40 })), (messages, cuts) => {
        const sent = messages.map((message) => framed(message));
        const decoder = new MessageDecoder(30, () => expect.fail('refused'));
        const got: Buffer[] = [];
        let rest = Buffer.concat(sent);
        for (const cut of [...cuts, rest.length]) {
          got.push(...decoder.write(rest.subarray(0, cut)));
          rest = rest.subarray(cut);
        }
        expect(got).toEqual(sent);
      }),
    );
  });

  it('stay in order whenever the reader pauses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(pieces, fc.constantFrom('pause', 'resume', 'wait'))),
        async (steps) => {
          const stream = new Readable({ read: () => {} });
          queueWhilePaused(stream);
          const got: Buffer[] = [];
          stream.on('data', (piece) => got.push(piece));
          for (const step of steps) {
            if (step === 'wait') await new Promise(setImmediate);
            else if (step === 'pause') stream.pause();
            else if (step === 'resume') stream.resume();
            else for (const piece of step) stream.push(piece);
          }
          stream.push(null);
          stream.resume();
          await new Promise((resolve) => stream.once('end', resolve));
          expect(Buffer.concat(got)).toEqual(
            Buffer.concat(steps.flatMap((step) => (typeof step === 'string' ? [] : step))),
          );
        },
      ),
    );
  });

  it('are delivered in small chunks to a reader that pauses at each, so that tiny messages do not pile up', async () => {
    const stream = new Readable({ read: () => {} });
    queueWhilePaused(stream);
    const got: number[] = [];
    stream.on('data', ({ length }) => {
      got.push(length);
      stream.pause();
    });
    stream.pause();
    stream.push(Buffer.alloc(SENT_BYTES));
    for (let time = 0; time < 2; time += 1) {
      stream.resume();
      await new Promise(setImmediate);
    }
    expect(got).toEqual([1024, 1024]);
  });

  it.each([
    ['a message in part', framed(Buffer.alloc(0), SENT_BYTES + 1).subarray(0, 5)],
    ['messages that wait for their turn', framed(LoginRequest.encode(BEGIN).finish())],
  ])('take little more memory than their number, even when they arrive one by one: %s', async (_, before) => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const inUse = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    await using api = await ServedApi.start({
      logins: () => ({
        usable: () => [],
        async *begin(): ReturnType<Conversations['begin']> {
          return await new Promise(() => {});
        },
      }),
    });
    using client = await RawHttp2.connect(api.port, api.pki.caPem);
    const dribble = async (stream: number): Promise<number> => {
      client.begin(stream, callHeaders('latchkey.v1.AuthService/Login'));
      await client.send(stream, before, before.length);
      const beforeBytes = inUse();
      await client.send(stream, Buffer.alloc(SENT_BYTES), 1);
      return beforeBytes;
    };
    await dribble(1); // all code has run once, so that only the data counts
    const beforeBytes = await dribble(3);
    await expect.poll(() => inUse() - beforeBytes).toBeLessThan(3 * SENT_BYTES);
  });
});
