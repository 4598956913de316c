import about from '../package.json' with { type: 'json' };

declare const BUILT_AS: string | undefined; // the build puts these in
declare const BUILT_FROM: string | undefined;
declare const COMMITTED_AT: number | undefined;

/** The version of Latchkey: that of package.json, unless the build was told another. */
export const VERSION: string = typeof BUILT_AS === 'undefined' ? about.version : BUILT_AS;

/** The commit that the program was built from, "…-modified" when files differed from it; undefined in a run from the sources. */
export const COMMIT: string | undefined = typeof BUILT_FROM === 'undefined' ? undefined : BUILT_FROM;

/** When that commit was made, in milliseconds since 1970; undefined likewise, and in a build without history. */
export const COMMITTED_AT_MS: number | undefined =
  typeof COMMITTED_AT === 'undefined' || COMMITTED_AT === 0 ? undefined : COMMITTED_AT * 1000;

/** "latchkey 1.2.3 (commit 0123456789ab, Node 26.1.0)". */
export function versionLine(): string {
  const origin = COMMIT === undefined ? 'from the sources' : `commit ${COMMIT}`;
  return `latchkey ${VERSION} (${origin}, Node ${process.versions.node})`;
}
