import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { me } from '../../../test/support/link/supervisor-world.ts';
import { dial } from '../connection/dial.ts';
import { LinksFolder } from './links-folder.ts';
import { removeStale } from './stale-sockets.ts';

const NAME = `${me.uid}.0123456789abcdef0123456789abcdef.sock`;

test('a folder is reached whatever the length of its path, and after its path has been replaced', async () => {
  const top = mkdtempSync(join(tmpdir(), 'latchkey-folder-'));
  const path = join(top, 'x'.repeat(100), 'y'.repeat(100));
  mkdirSync(path, { recursive: true });
  await using folder = await LinksFolder.open(path);
  const server = createServer().listen(folder.pathOf(NAME));
  await once(server, 'listening');
  renameSync(path, `${path}-moved`);
  mkdirSync(path);
  await folder.checkSocket(NAME, me.uid);
  const { socket } = await dial(folder.pathOf(NAME), me.uid, 1000);
  socket.destroy();
  expect(await namesIn(folder)).toEqual([NAME]);
  await folder.remove(NAME);
  expect(await namesIn(folder)).toEqual([]);
  server.close();
  symlinkSync(path, join(top, 'link'));
  await expect(LinksFolder.open(join(top, 'link'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  rmSync(top, { recursive: true });
});

test('a full folder is cleaned completely, however many entries must stay', async () => {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-folder-'));
  await using folder = await LinksFolder.open(path);
  const known = Array.from({ length: 10_000 }, (_, at) => `known-${at}`);
  const names = known.flatMap((name, at) => (at % 10 === 0 ? [name, `junk-${at}`] : [name]));
  for (const name of names) writeFileSync(join(path, name), '');
  const isKnown = (name: string): boolean => name.startsWith('known');
  const { signal } = new AbortController();
  await removeStale(folder, isKnown, Date.now(), signal);
  expect(readdirSync(path)).toHaveLength(names.length); // too young to be removed
  await removeStale(folder, isKnown, Date.now() + 120_000, signal);
  expect(readdirSync(path).toSorted()).toEqual(known.toSorted());
  rmSync(path, { recursive: true });
});

test('a socket that a process of its uid listens on is kept, and those that nobody listens on are not', async () => {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-folder-'));
  await using folder = await LinksFolder.open(path);
  const names = Array.from({ length: 3 }, (_, at) => NAME.replace(/\.0/, `.${at}`));
  const [live = '', left = '', claimed = ''] = names;
  const others = claimed.replace(/^\d+/, `${me.uid + 1}`);
  const servers = [live, 'moving', others].map((name) => createServer().listen(join(path, name)));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  renameSync(join(path, 'moving'), join(path, left));
  servers[1]?.close();
  const { signal } = new AbortController();
  await removeStale(folder, () => false, Date.now() + 120_000, signal);
  expect(readdirSync(path)).toEqual([live]); // the listener of the others' name has another uid
  for (const server of servers) server.close();
  rmSync(path, { recursive: true });
});

async function namesIn(folder: LinksFolder): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of folder.entries(Date.now())) names.push(name);
  return names;
}
