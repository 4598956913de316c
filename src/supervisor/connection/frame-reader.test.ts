import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Frame, Stream } from '../../generated/latchkey/link/v1/link.ts';
import { encodeFrame } from '../../link-protocol/frames.ts';
import { FrameReader } from './frame-reader.ts';

const MAX_OUTPUT = 256 * 1024;

const output = (bytes: number, offset: number): Frame => ({
  request: 0,
  body: { $case: 'output', value: { reader: 1, offset, stream: Stream.STDOUT, data: randomBytes(bytes) } },
});

/** Returns the data of an output frame; empty for any other frame. */
function dataOf({ body }: Frame): Buffer {
  return body?.$case === 'output' ? body.value.data : Buffer.alloc(0);
}

describe('the frame reader', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-incoming-'));
  const path = join(folder, 'link.sock');
  let server: Server;
  beforeAll(async () => {
    server = createServer().listen(path);
    await once(server, 'listening');
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });

  /** Returns two ends of a connection; `incoming` reads what `far` writes. */
  async function connected(): Promise<{ incoming: FrameReader; far: Socket; near: Socket }> {
    const incoming = new FrameReader();
    const accepted = once(server, 'connection');
    const near = createConnection({ path, onread: incoming.onread });
    const [far] = (await accepted) as [Socket];
    near.resume();
    return { incoming, far, near };
  }

  test('returns the frames as sent, however they are split, while it reuses buffers', async () => {
    const sizes = fc.array(
      fc.oneof(fc.nat(100), fc.nat(60_000), fc.integer({ min: 32_000, max: MAX_OUTPUT })),
    );
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), async (lengths, kept) => {
        const sent = lengths.map(output);
        const { incoming, far, near } = await connected();
        const done = Promise.withResolvers<void>();
        const held: Frame[] = [];
        let received = 0;
        const check = (frame: Frame): void => {
          expect(dataOf(frame).equals(dataOf(sent[received] as Frame))).toBe(true);
          received += 1;
          incoming.giveBack(dataOf(frame));
        };
        // Some are checked only after others have arrived.
        incoming.onFrame = (frame) => {
          held.push(frame);
          if (held.length > kept) check(held.shift() as Frame);
          if (received + held.length === sent.length) done.resolve();
        };
        incoming.onError = done.reject;
        if (sent.length === 0) done.resolve();
        const bytes = Buffer.concat(sent.map(encodeFrame));
        for (let at = 0; at < bytes.length; at += 150_000) far.write(bytes.subarray(at, at + 150_000));
        await done.promise;
        for (const frame of held) check(frame);
        expect(received).toBe(sent.length);
        far.destroy();
        near.destroy();
      }),
      { numRuns: 40 },
    );
  });

  test('allocates no more buffers than are in use', async () => {
    const { incoming, far, near } = await connected();
    const memory = new Set<ArrayBufferLike>();
    const done = Promise.withResolvers<void>();
    let received = 0;
    incoming.onFrame = (frame) => {
      memory.add(dataOf(frame).buffer);
      incoming.giveBack(dataOf(frame));
      received += 1;
      if (received === 100) done.resolve();
    };
    for (let turn = 0; turn < 100; turn += 1) far.write(encodeFrame(output(MAX_OUTPUT, turn)));
    await done.promise;
    expect(memory.size).toBeLessThanOrEqual(2); // the next may have begun before one was given back
    far.destroy();
    near.destroy();
  });

  test('does not reuse a buffer that it did not allocate', async () => {
    const { incoming, far, near } = await connected();
    const stranger = Buffer.alloc(MAX_OUTPUT + 256, 7);
    incoming.giveBack(stranger);
    const received = new Promise<Frame>((resolve) => (incoming.onFrame = resolve));
    far.write(encodeFrame(output(MAX_OUTPUT, 0)));
    expect(dataOf(await received).buffer).not.toBe(stranger.buffer);
    expect(stranger.every((byte) => byte === 7)).toBe(true);
    far.destroy();
    near.destroy();
  });
});
