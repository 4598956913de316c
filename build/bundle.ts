/**
 * Bundles the code of the program: a launcher, which is src/main.ts, and CommonJS bundles of the roles
 * that it loads.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

const root = dirname(import.meta.dirname);
const main = join(root, 'src/main.ts');

/** The entry file of each role. */
const ROLES = {
  serve: 'src/serve/main.ts',
  link: 'src/link/main.ts',
  cli: 'src/cli/main.ts',
  tui: 'tui/main.tsx',
  doctor: 'src/doctor/main.ts',
  copy: 'src/copy/main.ts',
} as const;
export type Role = keyof typeof ROLES;
export const roles = Object.keys(ROLES) as Role[];

/**
 * Roles that share most code with another one and are part of its bundle; they are loaded from it on
 * demand.
 */
const GUESTS: Readonly<Partial<Record<Role, Role>>> = { doctor: 'serve' };
const guests = Object.entries(GUESTS).map(([guest, host]) => ({ guest: guest as Role, host }));
export const bundles = roles.filter((role) => GUESTS[role] === undefined);

export const SQLITE = join(root, `node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`);

/** Makes the launcher's dynamic imports load the roles' bundles from within the program. */
const rolesApart: Plugin = {
  name: 'roles apart',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ kind, importer, path, resolveDir }) => {
      if (kind !== 'dynamic-import' || importer !== main) return undefined;
      const file = relative(root, join(resolveDir, path));
      const role = roles.find((name) => ROLES[name] === file);
      if (role === undefined) throw new Error(`src/main.ts loads ${file}, which is not a role`);
      return { path: role, namespace: 'role' };
    });
    onLoad({ filter: /./, namespace: 'role' }, ({ path }) => {
      const host = guests.find(({ guest }) => guest === path)?.host;
      const load = host === undefined ? `loadRole('${path}')` : `loadRole('${host}').${path}()`;
      return {
        contents: `module.exports = require('./src/entry/packaged/role.ts').${load};`,
        resolveDir: root,
      };
    });
  },
};

/** Makes a bundle export its role, and a function for each guest that loads it. */
const guestsWithin: Plugin = {
  name: 'guests within',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^bundle:/ }, ({ path }) => ({
      path: path.replace('bundle:', ''),
      namespace: 'bundle',
    }));
    onLoad({ filter: /./, namespace: 'bundle' }, ({ path }) => {
      const loaders = guests.map(
        ({ guest, host }) => host === path && `export const ${guest} = () => require('./${ROLES[guest]}');`,
      );
      const contents = [`export * from './${ROLES[path as Role]}';`, ...loaders.filter(Boolean)].join('\n');
      return { contents, resolveDir: root };
    });
  },
};

/** Loads native addons from within the program. */
const addonsInside: Plugin = {
  name: 'addons inside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.node$/ }, ({ path, resolveDir }) =>
      join(resolveDir, path) === SQLITE ? { path: basename(SQLITE), namespace: 'addon' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'addon' }, ({ path }) => {
      const bytes = `new Uint8Array(require('node:sea').getRawAsset('${path}'))`;
      const contents = `module.exports = require('./src/native/addon.ts').loadAddon('${path}', ${bytes});`;
      return { contents, resolveDir: root };
    });
  },
};

/** Changes to the code of Ink and what it needs. */
const INK: readonly { readonly file: RegExp; readonly was: RegExp; readonly is: string }[] = [
  {
    file: /ink\/build\/reconciler\.js$/, // React's tools
    was: /await (?:import\('\.\/devtools\.js'\)|loadPackageJson\(\))/g,
    is: '{}',
  },
  {
    file: /ink\/build\/components\/ErrorOverview\.js$/, // throws where the working directory has been removed
    was: /cwd: cwd\(\)/,
    is: "cwd: '/'",
  },
  {
    file: /stack-utils\/index\.js$/, // throws there, too
    was: /\? process\.cwd\(\)/,
    is: "? '/'",
  },
  {
    file: /ink\/build\/output\.js$/, // created for every frame, which loses the cached line widths
    was: /caches = new OutputCaches\(\);/,
    is: 'static #lasting; caches = (Output.#lasting?.styledChars.size < 500 ? Output.#lasting : (Output.#lasting = new OutputCaches()));',
  },
];

/**
 * Ink without top-level awaits, which a bundle cannot have, with our own layout engine, and with faster
 * caches.
 */
const ink: Plugin = {
  name: 'ink',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^yoga-layout$/ }, () => ({ path: join(root, 'tui/yoga.ts') }));
    onResolve({ filter: /^string-width$/ }, () => ({ path: join(root, 'tui/string-width.ts') }));
    for (const { file, was, is } of INK)
      onLoad({ filter: file }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        const contents = source.replace(was, is);
        if (contents === source) throw new Error(`${path} has changed: adapt the replacements`);
        return { contents };
      });
  },
};

/** The version information in the program. */
export interface Origin {
  readonly commit: string;
  /** Time of the commit, in seconds since 1970; 0 when unknown. */
  readonly committedAtSeconds: number;
  readonly version: string;
}

/** Creates `folder`/launcher.cjs and the bundles of the roles; resolves with the list of their contents. */
export async function bundle(
  folder: string,
  { commit, committedAtSeconds, version }: Origin,
): Promise<Metafile> {
  const common = {
    absWorkingDir: root,
    bundle: true,
    metafile: true,
    format: 'cjs',
    platform: 'node',
    preserveSymlinks: true, // a copy of the project may have a link to its modules (test/mutation)
    target: 'node26',
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true, // names stay readable in the log
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'warning',
    logOverride: { 'direct-eval': 'silent' },
    define: {
      BUILT_FROM: JSON.stringify(commit),
      BUILT_AS: JSON.stringify(version),
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"no"',
      COMMITTED_AT: `${committedAtSeconds}`,
      __dirname: '"/"', // not a real file
      __filename: '"/latchkey"',
    },
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    alias: {
      'cpu-features': './build/not-built.cjs',
      'better-sqlite3': `better-sqlite3/linux-${process.arch}`,
      '@peculiar/x509': '@peculiar/x509/build/x509.es.js', // CommonJS has no named exports when imported lazily
    },
  } satisfies BuildOptions;
  const launcher = build({ ...common, entryPoints: { launcher: main }, plugins: [rolesApart] });
  const each = build({
    ...common,
    entryPoints: Object.fromEntries(bundles.map((name) => [name, `bundle:${name}`])),
    plugins: [guestsWithin, addonsInside, ink],
    banner: { js: '(function(exports,require,module){' },
    footer: { js: '})' },
  });
  const { metafile } = await each;
  Object.assign(metafile.inputs, (await launcher).metafile.inputs);
  return metafile;
}
