import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { CleanupLink } from './cleanup-link.ts';

/** An account of Debian whose group has another number, and a uid without an account. */
const GAMES = { uid: 5, gid: 60 };
const NOBODY_KNOWN = { uid: 59_999, gid: 65_534 };

test.each([
  ['its own group', GAMES],
  ['no group when it has been deleted', NOBODY_KNOWN],
])("a server of root ends an account's sessions with %s", needs('root'), async (_, { uid, gid }) => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cleanup-'));
  try {
    chmodSync(folder, 0o777);
    const ids = join(folder, 'ids');
    const cleanup = new CleanupLink({
      ownProgram: ['/bin/sh', '-c', `id -u >${ids} && id -g >>${ids} && id -G >>${ids}`],
      runFolder: folder,
      usesSudo: () => false,
      cgroups: undefined,
      log: { warn: () => {} },
    });
    expect(await cleanup.end({ id: 's1', uid, linux_user: 'games' }, 0)).toBeUndefined();
    expect(readFileSync(ids, 'utf8')).toBe(`${uid}\n${gid}\n${gid}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
