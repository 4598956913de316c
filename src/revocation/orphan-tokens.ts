/** A daemon that was killed between making a link's token and keeping the link leaves a token of no link. */
import type { Authority } from '../authority/authority.ts';

const PAGE = 1000;

/** The ids of tokens made for links that are not among `kept`. Throws STORE_UNAVAILABLE. */
export async function tokensWithoutLink(
  authority: Pick<Authority, 'list'>,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  const orphans: string[] = [];
  for (const authMethod of ['link', 'link-daemon']) {
    let pageToken = '';
    do {
      const page = await authority.list({ authMethod, pageSize: PAGE, pageToken });
      orphans.push(...page.items.map(({ jti }) => jti).filter((jti) => !kept.has(jti)));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }
  return orphans;
}
