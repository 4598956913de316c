/** Names of link sockets: "<uid>.<32 hex digits>.sock", chosen at random by the link and used once. */
import { AppError, invalidField } from '../../errors.ts';

const NAME = /^(0|[1-9]\d{0,9})\.[0-9a-f]{32}\.sock$/;

/** Returns the uid in `name`; undefined when it is not the name of a link's socket (a path, for example). */
export function uidOfSocketName(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Throws INVALID_ARGUMENT for any other name, LINK_REFUSED for the name of another uid's socket. */
export function checkSocketName(name: string, uid: number): void {
  const claimed = uidOfSocketName(name);
  if (claimed === undefined) throw invalidField('socket', 'must be "<uid>.<32 hex digits>.sock"');
  if (claimed !== uid) throw new AppError('LINK_REFUSED', `not the name of a link's socket of uid ${uid}`);
}
