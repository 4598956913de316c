import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { framed } from '../../../test/support/clients/raw-call.ts';
import { AppError } from '../../errors.ts';
import { MessageDecoder } from './message-decoder.ts';

const LIMIT = 100;

/** A decoder, the reasons of its refusals, and the lengths that are reserved now. */
function opened(encoding?: string) {
  const refusals: string[] = [];
  const reserved: number[] = [];
  const decoder = new MessageDecoder(
    LIMIT,
    (reason) => refusals.push(reason instanceof AppError ? reason.reason : String(reason)),
    encoding,
  );
  decoder.allow(LIMIT, (bytes) => {
    reserved.push(bytes);
    return { [Symbol.dispose]: () => void reserved.splice(reserved.indexOf(bytes), 1) };
  });
  return { decoder, refusals, reserved };
}

describe('messages of a call', () => {
  it('are refused for good with the first that is too long', () => {
    const { decoder, refusals, reserved } = opened();
    expect(decoder.write(framed(Buffer.alloc(LIMIT + 1)))).toEqual([]);
    expect(decoder.write(framed(Buffer.from('x')))).toEqual([]);
    expect(refusals).toEqual(['LIMIT_EXCEEDED']);
    expect(reserved).toEqual([]);
  });

  it('have memory reserved from their prefix on until they are released', () => {
    const { decoder, reserved } = opened();
    const message = framed(Buffer.alloc(60));
    expect(decoder.write(message.subarray(0, 10))).toEqual([]);
    expect(reserved).toEqual([65]);
    expect(decoder.write(Buffer.concat([message.subarray(10), framed(Buffer.alloc(7))]))).toHaveLength(2);
    expect(reserved).toEqual([65, 12]);
    decoder.release();
    expect(reserved).toEqual([12]);
    decoder[Symbol.dispose]();
    expect(reserved).toEqual([]);
  });

  it('have the length reserved that they have when they are unpacked', () => {
    const { decoder, reserved } = opened('gzip');
    const packed = framed(gzipSync(Buffer.alloc(LIMIT)));
    packed[0] = 1;
    expect(decoder.write(packed)).toEqual([framed(Buffer.alloc(LIMIT))]);
    expect(reserved).toEqual([LIMIT + 5]);
  });

  it('leave nothing behind when the call ends in the middle of one', () => {
    const { decoder, reserved } = opened();
    decoder.write(framed(Buffer.alloc(1), 60));
    decoder.stop();
    expect(reserved).toEqual([]);
    expect(decoder.write(Buffer.alloc(59))).toEqual([]);
  });
});
