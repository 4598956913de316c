/** Loads @peculiar/x509, which takes 150 ms, only when a certificate has to be issued. */

export type X509 = typeof import('@peculiar/x509');

export async function loadX509(): Promise<X509> {
  allowWithoutMetadata();
  return import('@peculiar/x509');
}

/**
 * tsyringe, which the library uses, requires decorator metadata in Reflect. The library's classes have
 * none, so these functions always return undefined.
 */
function allowWithoutMetadata(): void {
  const none = (): undefined => undefined;
  Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none });
}
