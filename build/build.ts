/**
 * Makes dist/: one bundle split by role, the Node it runs on, the native addon of SQLite and a
 * launcher. The folder can be copied anywhere and needs nothing beside it.
 */
import { chmodSync, copyFileSync, linkSync, mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = dirname(import.meta.dirname);
const dist = process.argv[2] ?? join(root, 'dist');

// What the environment must not be able to change in a program that guards accounts.
const scrubbed =
  'NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_V8_COVERAGE \
NODE_COMPILE_CACHE NODE_DEBUG NODE_DEBUG_NATIVE NODE_REDIRECT_WARNINGS NODE_REPL_EXTERNAL_MODULE NODE_ICU_DATA \
NODE_PENDING_DEPRECATION NODE_PRESERVE_SYMLINKS NODE_USE_ENV_PROXY NODE_USE_SYSTEM_CA OPENSSL_CONF SSL_CERT_FILE';

const launcher = `#!/bin/sh
# latchkey: starts the bundled program on the bundled Node.
unset ${scrubbed}
here=$(dirname "$(readlink -f "$0")")
# A link is small and there are many; everything else has the memory it likes.
[ "\${1-}" = link ] && frugal=--max-semi-space-size=1
exec "$here/node" --disable-sigusr1 --disable-warning=ExperimentalWarning \${frugal-} "$here/main.js" "$@"
`;

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node26',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  logOverride: { 'direct-eval': 'silent' },
  chunkNames: 'chunks/[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.node': 'copy' },
  define: { __dirname: 'import.meta.dirname' }, // ssh2's WebAssembly wants one
  alias: {
    'cpu-features': './build/not-built.cjs',
    'better-sqlite3': `better-sqlite3/linux-${process.arch}`,
    '@peculiar/x509': '@peculiar/x509/build/x509.es.js', // CommonJS has no named exports when imported lazily
  },
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
  },
});

writeFileSync(join(dist, 'latchkey'), launcher);
chmodSync(join(dist, 'latchkey'), 0o755);
placeNode(realpathSync(process.execPath), join(dist, 'node'));

/** A hard link where the file system allows one (the file has 126 MB), else a copy. */
function placeNode(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
}
