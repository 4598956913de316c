/** Finds the link of a session. */
import { AppError } from '../errors.ts';
import type { SessionRow } from '../store/schema.ts';
import type { LinkConnection } from '../supervisor/connection/link-connection.ts';
import type { Links } from '../supervisor/links.ts';
import type { TokenClaims } from '../token/claims.ts';

export type SessionLinks = Pick<Links, 'forUid' | 'forSocket' | 'isKnown'>;

/**
 * Has a link daemon started for the reader's own Linux user, if that is the session's and has no link (F19).
 * Throws LINK_REQUIRED, LINK_LOST, NOT_ELIGIBLE, UNAVAILABLE.
 */
export async function ensureLink(
  links: Pick<Links, 'forUid' | 'obtain'>,
  { uid, linux_user }: SessionRow,
  reader: TokenClaims,
): Promise<void> {
  if (links.forUid(uid) === undefined && reader.user === linux_user) await links.obtain(reader);
}

/** Returns the link that can read the session's output. Throws LINK_REQUIRED, LINK_LOST. */
export function linkOf(links: SessionLinks, row: SessionRow): LinkConnection {
  if (row.state !== 'ended') return runningLinkOf(links, row);
  const link = links.forUid(row.uid);
  if (link) return link;
  const message = `only a link of ${row.linux_user} can read this output; run, as that user: latchkey link --daemon`;
  throw new AppError('LINK_REQUIRED', message, { details: { linuxUser: row.linux_user } });
}

/** Returns the link that looks after a running session. Throws SESSION_ENDED, LINK_REQUIRED, LINK_LOST. */
export function runningLinkOf(
  links: SessionLinks,
  { state, socket, uid, linux_user }: SessionRow,
): LinkConnection {
  if (state === 'ended') throw new AppError('SESSION_ENDED', 'the session has ended');
  const link = socket === null ? undefined : links.forSocket(socket);
  if (link) return link;
  // Another link of the user takes the session over in a moment.
  if ((socket !== null && links.isKnown(socket)) || links.forUid(uid) !== undefined) {
    throw new AppError('LINK_LOST', "the session's link does not answer; try again");
  }
  const message = `no link looks after this session; run, as ${linux_user}: latchkey link --daemon`;
  throw new AppError('LINK_REQUIRED', message, { details: { linuxUser: linux_user } });
}
