/**
 * The frame that output goes in, made and taken apart without copying the output. The same as
 * encodeFrame() would make: everything before the bytes themselves is put in front of where they were read to.
 */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Frame, Output, Stream } from '../generated/latchkey/link/v1/link.ts';
import { FRAME_HEADER_BYTES } from './frames.ts';

/**
 * More than a header ever takes: 4 + 2 tags and lengths of 5 + fields of 5, 9 and 2 bytes + tag and
 * length.
 */
export const OUTPUT_HEADER_ROOM = 64;

const FRAME_OUTPUT = (21 << 3) | 2;
const [OUTPUT_READER, OUTPUT_OFFSET, OUTPUT_STREAM] = [1 << 3, 2 << 3, 3 << 3];
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
 * The frame that `body` is when it is output just as written here, its data a part of `body`; undefined for
 * any other. Throws when it is cut off.
 */
export function readOutputFrame(body: Buffer): Frame | undefined {
  const reader = new BinaryReader(body);
  if (reader.uint32() !== FRAME_OUTPUT || reader.uint32() !== body.length - reader.pos) return undefined;
  const value: Output = { reader: 0, offset: 0, stream: 0, data: Buffer.alloc(0) };
  while (reader.pos < reader.len) if (!readField(value, reader)) return undefined;
  return { request: 0, body: { $case: 'output', value } };
}

/** False for what is not known here. */
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
