/** A list from the server, page by page. */

/** The most the server gives at a time. */
export const LARGEST_PAGE = 1000;

/** Asks for each page with the token of the one before, until there is none or no more are wanted. */
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
