import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SessionFolder } from './session-folder.ts';
import { SessionsDir } from './sessions-dir.ts';

const SOMEBODY_ELSE = 7002;
const ID = 's0123456789';

describe('the folder of sessions', () => {
  const uid = process.geteuid?.() ?? 0;
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'latchkey-place-'));
  });
  afterEach(() => rmSync(home, { recursive: true }));

  it('is closed to others, even if it was open to them', () => {
    const folder = join(home, '.local/state/latchkey/server/sessions');
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o777);
    const sessionsDir = new SessionsDir({ home, uid }, 'server');
    expect(sessionsDir.forNew((parent) => parent)).toBe(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it.each(['', '.', '..', '../other', 'a/b', 'a\0', 'x'.repeat(129)])(
    "is not named by the server's id %j",
    (serverId) => {
      const refused = expect.objectContaining({ reason: 'TOKEN_INVALID' });
      expect(() => new SessionsDir({ home, uid }, serverId)).toThrow(refused);
    },
  );

  it('is neither searched nor blocked below /var/tmp when another user has created it', (context) => {
    const elsewhere = join('/var/tmp', `latchkey-${uid}`);
    if (uid !== 0) return context.skip('only root can give a folder away');
    if (existsSync(elsewhere)) return context.skip(`${elsewhere} is in use`);
    const folders = [elsewhere];
    const serverId = randomBytes(8).toString('hex');
    try {
      const sessionsDir = new SessionsDir({ home, uid }, serverId);
      const own = join(home, 'own');
      mkdirSync(own);
      const record = { id: ID, command: ['true'], bootId: 'b', createdAt: 1, outputLimit: 1 };
      writeFileSync(join(own, 'record.json'), JSON.stringify(record));
      mkdirSync(join(elsewhere, serverId, 'sessions'), { recursive: true });
      symlinkSync(own, join(elsewhere, serverId, 'sessions', ID));
      expect(sessionsDir.open(ID)?.record.id).toBe(ID); // while the folder is ours
      chownSync(elsewhere, SOMEBODY_ELSE, SOMEBODY_ELSE);
      expect(sessionsDir.open(ID)).toBeUndefined();

      const homeless = { home: '/dev/null', uid };
      const taken = new SessionsDir(homeless, serverId);
      const folder = taken.forNew((parent) => parent);
      folders.push(dirname(dirname(folder)));
      expect(folder).toMatch(new RegExp(`^${elsewhere}-\\w{6}/${serverId}/sessions$`));
      SessionFolder.create(folder, record);
      const next = new SessionsDir(homeless, serverId);
      expect(next.forNew((parent) => parent)).toBe(folder);
      expect(next.open(ID)?.path).toBe(join(folder, ID));
    } finally {
      for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('the folder of a new session', () => {
  const uid = process.geteuid?.() ?? 0;
  const serverId = randomBytes(8).toString('hex');
  let home: string;
  let tried: string[];
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'latchkey-place-'));
    tried = [];
  });
  afterEach(() => {
    rmSync(home, { recursive: true });
    for (const folder of tried.slice(1)) {
      const own = dirname(dirname(folder));
      rmSync(dirname(folder), { recursive: true });
      if (readdirSync(own).length === 0) rmdirSync(own);
    }
  });

  it.each([
    ['ENOSPC', 'the error'],
    ['EDQUOT', 'the error'],
    ['ENOSPC', 'its cause'],
  ])('is below /var/tmp for a session for which the home folder has no room: %s as %s', (code, place) => {
    const sessionsDir = new SessionsDir({ home, uid }, serverId);
    const full = Object.assign(new Error('full'), { code });
    const folder = sessionsDir.forNew((parent) => {
      tried.push(parent);
      if (tried.length === 1) throw place === 'the error' ? full : new Error('cannot', { cause: full });
      return parent;
    });
    expect(tried).toEqual([join(home, '.local/state/latchkey', serverId, 'sessions'), folder]);
    expect(folder).toMatch(new RegExp(`^/var/tmp/latchkey-${uid}[^/]*/${serverId}/sessions$`));
  });

  it('is that in the home folder alone when something else fails there', () => {
    const sessionsDir = new SessionsDir({ home, uid }, serverId);
    const fail = (parent: string): never => {
      tried.push(parent);
      throw Object.assign(new Error('not permitted'), { code: 'EPERM' });
    };
    expect(() => sessionsDir.forNew(fail)).toThrow('not permitted');
    expect(tried).toHaveLength(1);
  });
});
