/** The next start completes a first start that was killed (N2, A7). Uses real processes and SIGKILL. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { durablyPut, fileOperations } from '../../../test/support/disk/traced.ts';
import { needs } from '../../../test/support/needs.ts';
import { loadKeys } from './keys.ts';
import { loadPki } from './pki.ts';

const KILLS = 30;
const FILES = ['ca.key', 'ca.pem', 'jwt.key', 'jwt.pem', 'master.key', 'tls.key', 'tls.pem'];

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-first-'));
  folders.push(folder);
  return folder;
}

/**
 * Loads everything and counts the changes to the file system. Kills itself before change number KILL_AT, or
 * in the middle of it when it is a write.
 */
const CHILD = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { loadPki } = await import('${import.meta.dirname}/pki.ts');
  const { loadKeys } = await import('${import.meta.dirname}/keys.ts');
  let left = Number(process.env.KILL_AT);
  for (const name of ['openSync', 'writeFileSync', 'fchmodSync', 'fsyncSync', 'linkSync', 'renameSync', 'rmSync']) {
    const real = fs[name];
    fs[name] = (...given) => {
      if (name === 'openSync' && given[1] !== 'wx') return real(...given);
      if (--left === 0) {
        if (name === 'writeFileSync') real(given[0], given[1].slice(0, given[1].length / 2));
        process.kill(process.pid, 'SIGKILL');
      }
      return real(...given);
    };
  }
  syncBuiltinESMExports();
  const folder = process.env.FOLDER;
  const nowMs = Date.now();
  const pki = await loadPki({ folder, serverId: 'a1', names: [], addresses: [], nowMs });
  const keys = await loadKeys({ folder, settings: { algorithm: 'ES256' }, pki, nowMs });
  process.stdout.write(JSON.stringify({ changes: -left, kept: [pki.fingerprint, keys.signing.kid] }));
`;

const programs = mkdtempSync(join(tmpdir(), 'latchkey-first-start-'));
/** The same in one file, which starts in a fraction of the time that the sources take. */
const program = join(programs, 'child.mjs');
beforeAll(() => {
  const stdin = { contents: CHILD, resolveDir: import.meta.dirname };
  buildSync({ stdin, outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' });
});
afterAll(() => rmSync(programs, { recursive: true }));

function start(folder: string, killAt = 0): ChildProcess {
  return spawn(process.execPath, [program], {
    env: { FOLDER: folder, KILL_AT: String(killAt) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child: ChildProcess): Promise<{ signal: unknown; said: string }> {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [, signal] = await once(child, 'close');
  return { signal, said: Buffer.concat(chunks).toString() };
}

/** Loads or creates everything, as a start does. */
async function complete(folder: string): Promise<string[]> {
  const nowMs = Date.now();
  const pki = await loadPki({ folder, serverId: 'a1', names: [], addresses: [], nowMs });
  const keys = await loadKeys({ folder, settings: { algorithm: 'ES256' }, pki, nowMs });
  return [pki.fingerprint, keys.signing.kid, keys.master.toString('hex'), pki.tls.certPem];
}

/** The files in place, without temporary ones. */
function inPlace(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
}

async function killAndComplete(killAt: number): Promise<void> {
  const folder = newFolder();
  const { signal, said } = await ended(start(folder, killAt));
  expect({ killAt, signal, said }).toEqual({ killAt, signal: 'SIGKILL', said: '' });
  const left = inPlace(folder);
  const made = await complete(folder);
  expect(await complete(folder)).toEqual(made);
  const after = inPlace(folder);
  expect([...after.keys()].sort()).toEqual(FILES);
  for (const name of ['ca.key', 'ca.pem', 'jwt.key', 'jwt.pem', 'master.key']) {
    if (left.has(name))
      expect({ killAt, name, kept: left.get(name)?.equals(after.get(name) ?? Buffer.of()) }).toEqual({
        killAt,
        name,
        kept: true,
      });
  }
}

test('a first start killed at any moment is completed by the next (N2, A7)', {
  timeout: 120_000,
}, async () => {
  const { said } = await ended(start(newFolder()));
  const { changes } = JSON.parse(said) as { changes: number };
  expect(changes).toBeGreaterThan(KILLS);
  const points =
    fc.sample(
      fc.uniqueArray(fc.integer({ min: 1, max: changes }), { minLength: KILLS, maxLength: KILLS }),
      1,
    )[0] ?? [];
  for (let index = 0; index < points.length; index += 2) {
    await Promise.all(points.slice(index, index + 2).map(killAndComplete));
  }
});

test('the first start puts no file into place that is not on the disk', needs('strace'), () => {
  const folder = newFolder();
  const operations = fileOperations(
    folder,
    `
    const { loadPki } = await import('${import.meta.dirname}/pki.ts');
    const { loadKeys } = await import('${import.meta.dirname}/keys.ts');
    const options = { folder: '${folder}', nowMs: Date.now() };
    const pki = await loadPki({ ...options, serverId: 'a1', names: [], addresses: [] });
    await loadKeys({ ...options, settings: { algorithm: 'ES256' }, pki });
  `,
  );
  expect(durablyPut(operations).toSorted()).toEqual(FILES);
});

test('of several processes that start at once, one creates the CA and the key, and all use them', async () => {
  const folder = newFolder();
  const all = await Promise.all([1, 2, 3].map(() => ended(start(folder))));
  const kept = all.map(({ said }) => JSON.stringify(JSON.parse(said).kept));
  expect(new Set(kept).size).toBe(1);
  expect((await complete(folder)).slice(0, 2)).toEqual(JSON.parse(kept[0] ?? ''));
});
