/**
 * Encodes and decodes the Output frame without copying the output itself. The bytes are the same as those
 * of encodeFrame(): the header is written in front of the place that the output was read into.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Frame, Output, Stream } from '../generated/latchkey/link/v1/link.ts';
import { FRAME_HEADER_BYTES } from './message-decoder.ts';

/**
 * Upper bound of a header, in bytes: the 4-byte prefix, 2 tags and lengths of 5, fields of 5, 9 and 2,
 * and the tag and length of the data.
 */
export const OUTPUT_HEADER_ROOM = 64;

const FRAME_OUTPUT = (21 << 3) | 2;
const OUTPUT_READER = 1 << 3;
const OUTPUT_OFFSET = 2 << 3;
const OUTPUT_STREAM = 3 << 3;
const OUTPUT_DATA = (4 << 3) | 2;

/** Writes the header so that it ends at `end` in `target`; returns where it begins. */
export function writeOutputHeader(
  target: Buffer,
  end: number,
  piece: { reader: number; offset: number; stream: Stream; bytes: number },
): number {
  const fields = new BinaryWriter().uint32(OUTPUT_READER).uint32(piece.reader);
  if (piece.offset !== 0) fields.uint32(OUTPUT_OFFSET).uint64(piece.offset);
  fields.uint32(OUTPUT_STREAM).int32(piece.stream).uint32(OUTPUT_DATA).uint32(piece.bytes);
  const inner = fields.finish();
  const tag = new BinaryWriter()
    .uint32(FRAME_OUTPUT)
    .uint32(inner.length + piece.bytes)
    .finish();
  const start = end - inner.length - tag.length - FRAME_HEADER_BYTES;
  target.writeUInt32BE(tag.length + inner.length + piece.bytes, start);
  target.set(tag, start + FRAME_HEADER_BYTES);
  target.set(inner, end - inner.length);
  return start;
}

/**
 * Decodes `body` when it is an Output frame as written here; its data is a view into `body`. Returns
 * undefined for any other frame. Throws when it is truncated.
 */
export function readOutputFrame(body: Buffer): Frame | undefined {
  const reader = new BinaryReader(body);
  if (reader.uint32() !== FRAME_OUTPUT || reader.uint32() !== body.length - reader.pos) return undefined;
  const value: Output = { reader: 0, offset: 0, stream: 0, data: Buffer.alloc(0) };
  while (reader.pos < reader.len) if (!readField(value, reader)) return undefined;
  return { request: 0, body: { $case: 'output', value } };
}

/** Returns false for a field that this decoder does not know. */
function readField(output: Output, reader: BinaryReader): boolean {
  switch (reader.uint32()) {
    case OUTPUT_READER:
      output.reader = reader.uint32();
      return true;
    case OUTPUT_OFFSET:
      output.offset = Number(reader.uint64());
      return Number.isSafeInteger(output.offset);
    case OUTPUT_STREAM:
      output.stream = reader.int32() as Stream;
      return true;
    case OUTPUT_DATA: {
      const { buffer, byteOffset, length } = reader.bytes();
      output.data = Buffer.from(buffer, byteOffset, length);
      return true;
    }
    default:
      return false;
  }
}
