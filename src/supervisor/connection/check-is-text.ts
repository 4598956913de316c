import { isUtf8 } from 'node:buffer';
import type { Start } from '../../generated/latchkey/link/v1/link.ts';
import { LinkRefusal } from './link-error.ts';

/**
 * Throws START_FAILED when something that the program would get is not UTF-8: a link of an earlier version
 * would replace it, and so name another file.
 */
export function checkIsText({
  command,
  environment,
  directory,
}: Pick<Start, 'command' | 'environment' | 'directory'>): void {
  if ([...command, ...Object.values(environment), directory].every((bytes) => isUtf8(bytes))) return;
  const why = 'the link runs an earlier version, which only passes on UTF-8';
  const next = 'stop it, so that the next start uses a new one: latchkey links';
  throw new LinkRefusal('START_FAILED', `${why}; ${next}`);
}
