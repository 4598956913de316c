/** The frames of a link's socket, encoded and decoded alike at both of its ends. */
import { Frame } from '../generated/latchkey/link/v1/link.ts';
import { frameOf, type LongFrames, MessageDecoder } from './message-decoder.ts';

/** Encodes one frame with its length prefix. Throws LIMIT_EXCEEDED when it is longer than 1 MiB. */
export function encodeFrame(frame: Frame): Buffer {
  return frameOf(Frame.encode(frame).finish());
}

/** Splits a byte stream into frames, whatever the size of the chunks. Unusable after it has thrown. */
export class FrameDecoder extends MessageDecoder<Frame> {
  constructor(long?: LongFrames<Frame>) {
    super((body) => Frame.decode(body), long);
  }
}
