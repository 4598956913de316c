import about from '../package.json' with { type: 'json' };

declare const BUILT_AS: string | undefined; // defined by the build
declare const BUILT_FROM: string | undefined;
declare const COMMITTED_AT: number | undefined;

/** Version of Latchkey: that of package.json, unless the build sets another. */
export const VERSION: string = typeof BUILT_AS === 'undefined' ? about.version : BUILT_AS;

/**
 * Commit that the program was built from, "…-modified" when files differed from it; undefined in a run
 * from the sources.
 */
export const COMMIT: string | undefined = typeof BUILT_FROM === 'undefined' ? undefined : BUILT_FROM;

/**
 * Time of that commit, in milliseconds since 1970; undefined in a run from the sources and in a build
 * without history.
 */
export const COMMITTED_AT_MS: number | undefined =
  typeof COMMITTED_AT === 'undefined' || COMMITTED_AT === 0 ? undefined : COMMITTED_AT * 1000;

/** "latchkey 1.2.3 (commit 0123456789ab, Node 26.1.0)". */
export function versionLine(): string {
  const origin = COMMIT === undefined ? 'from the sources' : `commit ${COMMIT}`;
  return `latchkey ${VERSION} (${origin}, Node ${process.versions.node})`;
}
