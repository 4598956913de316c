/** Constants of the copy protocol that copy.proto cannot express, and the error for who breaks it. */
import { AppError } from '../errors.ts';
import type { Frame } from '../generated/latchkey/copy/v1/copy.ts';

/** Version of the frames. Ends with different versions do not copy. */
export const COPY_VERSION = 1;

/** Items that may be unanswered at once: more wait for an answer, so that neither end runs out of files. */
export const MAX_UNANSWERED = 128;

/** Bytes of files that may be under way before the receiver has written them. */
export const WINDOW_BYTES = 8 * 1024 * 1024;

/** Bytes in one Data frame, at most. */
export const PIECE_BYTES = 128 * 1024;

/** The content of a frame. */
export type Body = NonNullable<Frame['body']>;

/** Returns the error that stops a copy because the other end breaks the protocol. */
export function broken(why: string): AppError {
  return new AppError('CANCELLED', `the copy was stopped, because the other end broke the protocol: ${why}`);
}
