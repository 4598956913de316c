/**
 * Constants that link.proto cannot express and both ends of a link's socket must agree on. A daemon may
 * meet links that are older than itself, so none of these changes without a new protocol version.
 */
import type { Frame } from '../generated/latchkey/link/v1/link.ts';

/** Version of the frames. An end that receives another version reports it and closes the connection. */
export const PROTOCOL_VERSION = 1;

export const NONCE_BYTES = 32;

/** Most survivors that the end of one session names. */
export const MAX_SURVIVORS = 100;

/** Bytes of a session's input that may be under way before the program has read any. */
export const INPUT_WINDOW_BYTES = 256 * 1024;

/**
 * `Read.offset` that means "only new output": the largest integer that both 64 bits on the wire and a
 * JavaScript number can hold. `FROM_NOW_ON - n` means "from the last n bytes on".
 */
export const FROM_NOW_ON = Number.MAX_SAFE_INTEGER;

/** Most bytes before the end of the output that a reader may begin at. No session prints as many. */
export const MAX_LAST_BYTES = 2 ** 50;

/** Smaller pieces of output are charged as this many bytes. */
const SMALLEST_PIECE_BYTES = 512;
const MARK_BYTES = 32;

/** Most marks of one piece of output. */
export const MAX_MARKS = 500;

/**
 * Credit that a piece of output uses, in bytes. Even an empty piece costs the receiver memory: if single
 * bytes were charged as one byte, 512 KiB of credit would allow half a million pieces.
 */
export function creditFor(bytes: number, marks = 0): number {
  return Math.max(bytes + marks * MARK_BYTES, SMALLEST_PIECE_BYTES);
}

/** The content of a frame. */
export type Body = NonNullable<Frame['body']>;
export type Case = Body['$case'];
export type ValueOf<Name extends Case> = Extract<Body, { $case: Name }>['value'];
