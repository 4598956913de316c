/** Names of link sockets: "<uid>.<32 hex digits>.sock", chosen at random by the link, used once. */
import { AppError } from '../errors.ts';

const NAME = /^(0|[1-9]\d{0,9})\.[0-9a-f]{32}\.sock$/;

/** The uid that `name` claims; undefined when it is no name of a link's socket (a path, for one). */
export function uidOfSocketName(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Throws LINK_REFUSED unless `name` is the name of a socket of `uid`. */
export function checkSocketName(name: string, uid: number): void {
  if (uidOfSocketName(name) === uid) return;
  throw new AppError('LINK_REFUSED', `not the name of a link's socket of uid ${uid}`);
}
