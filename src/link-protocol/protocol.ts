/**
 * What link.proto cannot say and both ends of a link's socket have to agree on. A daemon meets links
 * that are older than itself: none of these numbers changes without another version.
 */
import type { Frame } from '../generated/latchkey/link/v1/link.ts';

/** The version of the frames; an end that hears another one says so and hangs up. */
export const PROTOCOL_VERSION = 1;

export const NONCE_BYTES = 32;

/** How much of a session's input may be under way before the program has taken any. */
export const INPUT_WINDOW_BYTES = 256 * 1024;

/**
 * `Read.offset` for "only what comes": the largest value that the wire's 64 bits and a number have in
 * common.
 */
export const FROM_NOW_ON = Number.MAX_SAFE_INTEGER;

/** As what a smaller piece of output counts. */
const SMALLEST_PIECE_BYTES = 512;

/**
 * What a piece of output takes of its reader's credit, in bytes. Even an empty one costs whoever has
 * to keep it: were single bytes counted as such, 512 KiB of credit would stand for half a million pieces.
 */
export function creditFor(bytes: number): number {
  return Math.max(bytes, SMALLEST_PIECE_BYTES);
}

/** What a frame says. */
export type Body = NonNullable<Frame['body']>;
export type Case = Body['$case'];
export type ValueOf<Name extends Case> = Extract<Body, { $case: Name }>['value'];
