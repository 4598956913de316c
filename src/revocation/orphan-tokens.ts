/** A daemon that was killed between making a link's token and keeping the link leaves a token of no link. */
import type { Authority } from '../authority/authority.ts';

const PAGE = 1000;

/** Revokes tokens of links of which nothing is kept. */
export async function revokeTokensWithoutLink(
  authority: Pick<Authority, 'list' | 'revoke'>,
  kept: ReadonlySet<string>,
): Promise<void> {
  const orphans: string[] = [];
  for (const authMethod of ['link', 'link-daemon']) {
    let pageToken = '';
    do {
      const page = await authority.list({ authMethod, pageSize: PAGE, pageToken });
      orphans.push(...page.items.map(({ jti }) => jti).filter((jti) => !kept.has(jti)));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }
  if (orphans.length > 0) await authority.revoke({ jtis: orphans }, 'link-ended');
}
