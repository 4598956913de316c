/** Loads @peculiar/x509, which takes 150 ms, only where a certificate has to be made. */

export type X509 = typeof import('@peculiar/x509');

/** The library; the same each time. */
export async function loadX509(): Promise<X509> {
  allowWithoutMetadata();
  return import('@peculiar/x509');
}

/**
 * tsyringe, within the library, will not load unless Reflect knows decorator metadata. The
 * library's classes carry none, so that "none" is the right answer to every question.
 */
function allowWithoutMetadata(): void {
  const none = (): undefined => undefined;
  if (!('getMetadata' in Reflect)) Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none });
}
