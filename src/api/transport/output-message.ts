/** Encodes a long piece of output as a message without copying the output. */
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Output } from '../../generated/latchkey/v1/session.ts';
import { LongMessage } from '../pipeline/methods.ts';

/** Shorter pieces are cheaper to copy. In bytes. */
export const LONG_OUTPUT_BYTES = 16 * 1024;

const EVENT_OUTPUT = (1 << 3) | 2;
const OUTPUT_OFFSET = 1 << 3;
const OUTPUT_STREAM = 2 << 3;
const OUTPUT_DATA = (3 << 3) | 2;

/** Encodes `output` exactly as AttachSessionResponse.encode() and ReadOutputResponse.encode() do. */
export function outputMessage({ offset, stream, data }: Output): LongMessage {
  const fields = new BinaryWriter();
  if (offset !== 0) fields.uint32(OUTPUT_OFFSET).int64(offset);
  fields.uint32(OUTPUT_STREAM).int32(stream).uint32(OUTPUT_DATA).uint32(data.length);
  const inner = fields.finish();
  const head = new BinaryWriter()
    .uint32(EVENT_OUTPUT)
    .uint32(inner.length + data.length)
    .raw(inner)
    .finish();
  return new LongMessage(head, data);
}
