/**
 * Finds tokens whose link was never stored: a daemon that is killed between issuing a link's token and
 * storing the link leaves one.
 */
import { LARGEST_PAGE, pages } from '../async/pages.ts';
import type { Authority } from '../authority/authority.ts';

/**
 * Returns the ids of link tokens that are not among `kept`, those of known links. Throws STORE_UNAVAILABLE.
 */
export async function tokensWithoutLink(
  authority: Pick<Authority, 'list'>,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const found: string[] = [];
  for (const authMethod of ['link', 'link-daemon']) {
    const ask = { authMethod, pageSize: LARGEST_PAGE };
    for await (const { items } of pages((pageToken) => authority.list({ ...ask, pageToken })))
      found.push(...items.map(({ jti }) => jti).filter((jti) => !kept.has(jti)));
  }
  return found;
}
