/** The licences of everything in the program: its own, Node's, and those of each bundled package. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Metafile } from 'esbuild';

const root = dirname(import.meta.dirname);
const OURS = `Latchkey: MIT`;
/**
 * Packages in the program that are not bundled: the runtime, and the source of the descriptors for server
 * reflection.
 */
const BESIDE = [`node-linux-${process.arch}`, 'grpc-health-check'];

/** Returns all licences in one text. Throws for a package without any. */
export function licenses({ inputs }: Metafile): string {
  const bundled = Object.keys(inputs).flatMap((file) => packageOf(file) ?? []);
  const names = [...new Set([...bundled, ...BESIDE.map((name) => join('node_modules', name))])].sort();
  return [OURS, errorModel(), ...names.map(license)].join(`\n\n${'='.repeat(78)}\n\n`);
}

/** Returns the licence of the error model, whose files are copied from googleapis as they are. */
function errorModel(): string {
  const lines = readFileSync(join(root, 'build/google/rpc/status.proto'), 'utf8').split('\n');
  const header = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('//')),
  );
  return ['googleapis, google/rpc: Apache-2.0', header.map((line) => line.slice(3)).join('\n')].join('\n\n');
}

/**
 * Returns the package folder of a file, such as node_modules/@grpc/grpc-js, including packages nested in
 * others.
 */
function packageOf(file: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
}

function license(folder: string): string {
  const about = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
  const texts = globSync('{LICEN[CS]E,license,licence,COPYING,NOTICE}*', { cwd: join(root, folder) }).sort();
  if (typeof about.license !== 'string' && texts.length === 0) throw new Error(`${folder} has no licence`);
  const title = `${about.name} ${about.version}: ${about.license ?? 'see below'}`;
  const found = texts.map((text) => readFileSync(join(root, folder, text), 'utf8').trim());
  if (found.length === 0 && about.license === 'MIT') found.push(mit(folder));
  return [title, ...found].join('\n\n');
}

/** Returns the MIT licence of a package that has no copy of it: its code names who has the copyright. */
function mit(folder: string): string {
  const code = globSync('**/*.{js,mjs,cjs}', { cwd: join(root, folder) }).sort();
  const owners = code.flatMap(
    (file) => readFileSync(join(root, folder, file), 'utf8').match(COPYRIGHT) ?? [],
  );
  const [, terms = ''] = readFileSync(join(root, 'LICENSE'), 'utf8').split(/(?=Permission is hereby)/);
  return [...new Set(owners), '', terms.trim()].join('\n');
}

const COPYRIGHT = /Copyright \(c\) [^\n]*[^\s*]/g;
