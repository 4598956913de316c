import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { Frame } from '../generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameDecoder } from './frames.ts';
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from './message-decoder.ts';

const frame = fc.record({
  request: fc.nat(),
  body: fc.oneof(
    fc.record({ $case: fc.constant('ping' as const), value: fc.constant({}) }),
    fc.record({
      $case: fc.constant('stdin' as const),
      value: fc.record({ sessionId: fc.string(), data: fc.uint8Array().map((bytes) => Buffer.from(bytes)) }),
    }),
  ),
});

describe('the frame codec', () => {
  it('decodes what was sent, however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 40 })), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(encodeFrame));
        const reader = new FrameDecoder();
        const got: Frame[] = [];
        let at = 0;
        for (const cut of [...cuts, bytes.length]) {
          got.push(...reader.push(bytes.subarray(at, at + cut)));
          at = Math.min(bytes.length, at + cut);
        }
        expect(got).toEqual(frames.map((sent) => Frame.fromPartial(sent)));
      }),
    );
  });

  it('decodes long frames that are read directly into their buffer', () => {
    const long = fc.record({
      request: fc.nat(),
      body: fc.record({
        $case: fc.constant('stdin' as const),
        value: fc.record({ sessionId: fc.string(), data: fc.nat(200_000).map((size) => randomBytes(size)) }),
      }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(frame, long)),
        fc.array(fc.oneof(fc.constant(4), fc.integer({ min: 1, max: 70_000 }))),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map(encodeFrame));
          const reader = new FrameDecoder();
          const got: Frame[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const { room } = reader;
            if (room?.length === 0) throw new Error('a read to nowhere fails with ENOBUFS');
            const cut = Math.min(cuts[turn % cuts.length] ?? 70_000, room?.length ?? 70_000);
            const length = room ? bytes.copy(room, 0, at, at + cut) : Math.min(cut, bytes.length - at);
            got.push(...(room ? reader.filled(length) : reader.push(bytes.subarray(at, at + length))));
            at += length;
          }
          expect(got).toEqual(frames.map((sent) => Frame.fromPartial(sent)));
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([MAX_FRAME_BYTES + 1, 2 ** 32 - 1])('refuses %i bytes from the header alone', (bytes) => {
    const header = Buffer.alloc(FRAME_HEADER_BYTES);
    header.writeUInt32BE(bytes);
    const refused = expect.objectContaining({ reason: 'LIMIT_EXCEEDED' });
    expect(() => new FrameDecoder().push(header)).toThrow(refused);
    const bytewise = new FrameDecoder();
    expect(() => [...header].map((byte) => bytewise.push(Buffer.of(byte)))).toThrow(refused);
  });

  it('uses little more memory than the frame, even when it arrives byte by byte', () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const inUse = (): number => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const reader = new FrameDecoder();
    reader.push(Buffer.from([0, 15, 255, 255]));
    const before = inUse();
    for (let at = 0; at < 200_000; at += 1) reader.push(Buffer.allocUnsafeSlow(1));
    expect(inUse() - before).toBeLessThan(8 * 1024 * 1024);
    expect(reader.push(Buffer.alloc(0))).toEqual([]);
  });

  it('sends and accepts 1 MiB, and sends no byte more', () => {
    const framed = (bytes: number): Frame => ({
      request: 1,
      body: { $case: 'stdin', value: { sessionId: 's', data: Buffer.alloc(bytes, 7) } },
    });
    const around = Frame.encode(framed(MAX_FRAME_BYTES - 100)).finish().length - (MAX_FRAME_BYTES - 100);
    const longest = framed(MAX_FRAME_BYTES - around);
    const encoded = encodeFrame(longest);
    expect(encoded.length).toBe(FRAME_HEADER_BYTES + MAX_FRAME_BYTES);
    expect(new FrameDecoder().push(encoded)).toEqual([longest]);
    expect(() => encodeFrame(framed(MAX_FRAME_BYTES - around + 1))).toThrow(
      expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }),
    );
  });

  it('turns any bytes into a frame or an AppError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(body.length);
        try {
          expect(new FrameDecoder().push(Buffer.concat([header, body]))).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
