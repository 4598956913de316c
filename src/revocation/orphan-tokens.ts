/** A daemon that was killed between making a link's token and keeping the link leaves a token of no link. */
import { LARGEST_PAGE, pages } from '../async/pages.ts';
import type { Authority } from '../authority/authority.ts';

/** The ids of tokens made for links that are not among `kept`. Throws STORE_UNAVAILABLE. */
export async function tokensWithoutLink(
  authority: Pick<Authority, 'list'>,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const orphans: string[] = [];
  for (const authMethod of ['link', 'link-daemon']) {
    const ask = { authMethod, pageSize: LARGEST_PAGE };
    for await (const { items } of pages((pageToken) => authority.list({ ...ask, pageToken })))
      orphans.push(...items.map(({ jti }) => jti).filter((jti) => !kept.has(jti)));
  }
  return orphans;
}
