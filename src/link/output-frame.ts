/**
 * The frame that output goes in, made without copying the output: everything before the bytes
 * themselves, to be put in front of where they were read to. The same as encodeFrame() would make.
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Stream } from '../generated/latchkey/link/v1/link.ts';
import { FRAME_HEADER_BYTES } from './frames.ts';

/**
 * More than a header ever takes: 4 + 2 tags and lengths of 5 + fields of 5, 9 and 2 bytes + tag and
 * length.
 */
export const OUTPUT_HEADER_ROOM = 64;

const FRAME_OUTPUT = (21 << 3) | 2;
const OUTPUT_DATA = (4 << 3) | 2;

/** Writes the header so that it ends at `end` in `target`; returns where it begins. */
export function writeOutputHeader(
  target: Buffer,
  end: number,
  piece: { reader: number; offset: number; stream: Stream; bytes: number },
): number {
  const fields = new BinaryWriter().uint32(8).uint32(piece.reader);
  if (piece.offset !== 0) fields.uint32(16).uint64(piece.offset);
  fields.uint32(24).int32(piece.stream).uint32(OUTPUT_DATA).uint32(piece.bytes);
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
