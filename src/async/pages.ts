/** Reads long lists page by page. */

/** Largest page size that the server accepts, in rows. */
export const LARGEST_PAGE = 1000;

/**
 * Yields pages until there are no more, or the caller stops; each request has the token of the previous
 * page.
 */
export async function* pages<Page extends { readonly nextPageToken: string }>(
  ask: (pageToken: string) => Promise<Page>,
): AsyncGenerator<Page> {
  let pageToken = '';
  do {
    const page = await ask(pageToken);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
}
