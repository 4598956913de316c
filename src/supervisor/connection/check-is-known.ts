import { isUtf8 } from 'node:buffer';
import type { Hello, Start } from '../../generated/latchkey/link/v1/link.ts';
import { LinkRefusal } from './link-error.ts';

/** The part of Hello that says what a link of this version knows and one of an earlier version does not. */
export type Knowledge = Pick<Hello, 'takesBytes' | 'hasTerminals'>;

/**
 * Throws START_FAILED for what a link of an earlier version would misunderstand: it replaces what is not
 * UTF-8, and so would name another file, and ignores that the program is to run in a terminal.
 */
export function checkIsKnown(
  { command, environment, directory, terminal }: Omit<Start, 'hold'>,
  { takesBytes, hasTerminals }: Knowledge,
): void {
  const isText = [...command, ...Object.values(environment), directory].every((bytes) => isUtf8(bytes));
  if (!takesBytes && !isText) throw tooOld('only passes on UTF-8');
  if (!hasTerminals && terminal !== undefined) throw tooOld('has no terminals');
}

function tooOld(how: string): LinkRefusal {
  const next = 'stop it, so that the next start uses a new one: latchkey links';
  return new LinkRefusal('START_FAILED', `the link runs an earlier version, which ${how}; ${next}`);
}
