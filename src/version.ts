import about from '../package.json' with { type: 'json' };

/** The version of Latchkey, as in package.json. */
export const VERSION: string = about.version;

declare const BUILT_FROM: string | undefined; // the build puts it in

/** The commit that the program was built from, "…-modified" when files differed from it; undefined in a run from the sources. */
export const COMMIT: string | undefined = typeof BUILT_FROM === 'undefined' ? undefined : BUILT_FROM;

/** "latchkey 1.2.3 (commit 0123456789ab, Node 26.1.0)". */
export function versionLine(): string {
  const origin = COMMIT === undefined ? 'from the sources' : `commit ${COMMIT}`;
  return `latchkey ${VERSION} (${origin}, Node ${process.versions.node})`;
}
