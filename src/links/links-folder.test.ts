import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dial } from './dial.ts';
import { LinksFolder } from './links-folder.ts';
import { me } from './world.test-support.ts';

const NAME = `${me.uid}.0123456789abcdef0123456789abcdef.sock`;

test('a folder is reached however long its path is, and whatever takes its place', async () => {
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
  expect((await folder.list(10, Date.now())).map(({ name }) => name)).toEqual([NAME]);
  await folder.remove(NAME);
  expect(await folder.list(10, Date.now())).toEqual([]);
  server.close();
  symlinkSync(path, join(top, 'link'));
  await expect(LinksFolder.open(join(top, 'link'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  rmSync(top, { recursive: true });
});
