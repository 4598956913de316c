import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { Frame } from '../generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameReader, MAX_FRAME_BYTES } from './frames.ts';

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
  it('gives back what was sent, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frame), fc.array(fc.integer({ min: 1, max: 40 })), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(encodeFrame));
        const reader = new FrameReader();
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

  it('refuses 4 GiB from the header alone', () => {
    expect(() => new FrameReader().push(Buffer.from([255, 255, 255, 255]))).toThrow(
      expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }),
    );
  });

  it('takes little more memory than the frame, though it comes byte by byte', () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const inUse = (): number => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      return heapUsed + external;
    };
    const reader = new FrameReader();
    reader.push(Buffer.from([0, 15, 255, 255]));
    const before = inUse();
    for (let at = 0; at < 200_000; at += 1) reader.push(Buffer.allocUnsafeSlow(1));
    expect(inUse() - before).toBeLessThan(8 * 1024 * 1024);
    expect(reader.push(Buffer.alloc(0))).toEqual([]);
  });

  it('refuses to send more than it would take', () => {
    const data = Buffer.alloc(MAX_FRAME_BYTES);
    expect(() =>
      encodeFrame({ request: 1, body: { $case: 'stdin', value: { sessionId: 's', data } } }),
    ).toThrow(expect.objectContaining({ reason: 'LIMIT_EXCEEDED' }));
  });

  it('answers any bytes with frames or an AppError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        const header = Buffer.alloc(4);
        header.writeUInt32BE(body.length);
        try {
          expect(new FrameReader().push(Buffer.concat([header, body]))).toHaveLength(1);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
