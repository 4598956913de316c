import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame, Stream } from '../generated/latchkey/link/v1/link.ts';
import { encodeFrame } from './frames.ts';
import { FRAME_HEADER_BYTES } from './message-decoder.ts';
import { OUTPUT_HEADER_ROOM, readOutputFrame, writeOutputHeader } from './output-frame.ts';

const output = fc.record({
  reader: fc.nat(0xffff_ffff),
  offset: fc.maxSafeNat(),
  stream: fc.constantFrom(Stream.STDOUT, Stream.STDERR),
  data: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
});

const frameOf = (value: typeof output extends fc.Arbitrary<infer Output> ? Output : never): Frame => ({
  request: 0,
  body: { $case: 'output', value },
});

describe('a frame of output', () => {
  it('is encoded as the codec would encode it', () => {
    fc.assert(
      fc.property(output, (value) => {
        const buffer = Buffer.alloc(OUTPUT_HEADER_ROOM + value.data.length);
        value.data.copy(buffer, OUTPUT_HEADER_ROOM);
        const piece = { ...value, bytes: value.data.length };
        const start = writeOutputHeader(buffer, OUTPUT_HEADER_ROOM, piece);
        const inner = Frame.decode(buffer.subarray(start + FRAME_HEADER_BYTES));
        expect(inner).toEqual(frameOf(value));
        expect(buffer.readUInt32BE(start)).toBe(buffer.length - start - FRAME_HEADER_BYTES);
      }),
    );
  });

  it('is decoded without copying its data', () => {
    fc.assert(
      fc.property(output, (value) => {
        const body = encodeFrame(frameOf(value)).subarray(FRAME_HEADER_BYTES);
        const read = readOutputFrame(body);
        expect(read).toEqual(frameOf(value));
        if (read?.body?.$case !== 'output' || value.data.length === 0) return;
        expect(read.body.value.data.buffer).toBe(body.buffer);
      }),
    );
  });

  it('is decoded only when the codec would give the same result', () => {
    const field = fc.uint8Array({ minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(field, fc.constant(new Uint8Array([0xaa, 1]))), { minLength: 1, maxLength: 6 }),
        (parts) => {
          const body = Buffer.concat(parts);
          const [ours, theirs] = [readOutputFrame, Frame.decode].map((read) => {
            try {
              return read(body);
            } catch {
              return 'refused';
            }
          });
          if (ours !== undefined) expect(ours).toEqual(theirs);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
