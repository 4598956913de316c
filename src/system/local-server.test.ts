import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mallory, service } from '../../test/support/account.ts';
import { UNTRUSTED_FILES } from '../../test/support/disk/untrusted-file.ts';
import { needs } from '../../test/support/needs.ts';
import { defaultRunDirs, readLocalServer, readRunFolder } from './local-server.ts';

const server = {
  serverId: 's',
  hostname: 'h',
  address: '127.0.0.1:7300',
  ca: 'PEM',
  keys: { keys: [] },
  version: '1',
  mode: 'self',
  pid: 7,
};

let folder: string;
let run: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
  run = join(folder, 'run');
  mkdirSync(run, { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));
const write = (content: unknown): void =>
  writeFileSync(join(run, 'server.json'), JSON.stringify(content), { mode: 0o644 });
const untrusted = expect.objectContaining({ reason: 'NOT_TRUSTED' });

describe('the local server', () => {
  it("is looked up in the user's own run folder first, then in the system's", () => {
    expect(defaultRunDirs({ XDG_RUNTIME_DIR: '/run/user/7' }, 7)).toEqual([
      '/run/user/7/latchkey',
      '/run/latchkey',
    ]);
    expect(defaultRunDirs({ XDG_RUNTIME_DIR: 'here', HOME: '/h' }, 7)).toEqual([
      '/h/.local/state/latchkey/run',
      '/run/latchkey',
    ]);
    expect(defaultRunDirs({ XDG_RUNTIME_DIR: '/run/user/0' }, 0)).toEqual(['/run/latchkey']);
  });

  it('is read from a folder that only its owner can write', () => {
    expect(readLocalServer(join(folder, 'none'))).toBeUndefined();
    expect(readLocalServer(run)).toBeUndefined();
    write(server);
    expect(readLocalServer(run)).toEqual(server);
  });

  it('is not trusted in a folder or file that others can write', () => {
    write(server);
    chmodSync(folder, 0o777);
    expect(() => readLocalServer(run)).toThrow(untrusted);
    chmodSync(folder, 0o700);
    chmodSync(join(run, 'server.json'), 0o666);
    expect(() => readLocalServer(run)).toThrow(untrusted);
    chmodSync(join(run, 'server.json'), 0o644);
    chmodSync(run, 0o1777);
    expect(() => readLocalServer(run)).toThrow(untrusted);
  });

  it.each([
    null,
    [],
    'x',
    {},
    { ...server, address: 'nowhere' },
    { ...server, keys: [] },
    { ...server, mode: 'other' },
  ])('is refused as malformed: %j', (content) => {
    write(content);
    expect(() => readLocalServer(run)).toThrow(untrusted);
  });
});

describe.each([
  ['server.json', ['664', '646']],
  ['token', ['620', '640', '604']],
] as const)('the file %s of a run folder', (name, looseModes) => {
  const SOMEBODY = 65_534;

  /** Makes a run folder that is believed, and changes one file in a way after which it is not. */
  const refused = (change: (path: string) => void): void => {
    write(server);
    writeFileSync(join(run, 'token'), 'secret\n', { mode: 0o600 });
    expect(readRunFolder(run)).toMatchObject({ server, adminToken: 'secret', isForeign: false });
    change(join(run, name));
    expect(() => readRunFolder(run)).toThrow(untrusted);
  };

  it.each(looseModes)('is not believed with mode %s', (mode) => refused((path) => chmodSync(path, mode)));

  it('is not believed when it belongs to somebody else than the folder', needs('root'), () => {
    refused((path) => chownSync(path, SOMEBODY, SOMEBODY));
  });

  it.each(UNTRUSTED_FILES)('is not believed when it %s', (_, change) => refused(change));
});

it(
  "a run folder of somebody else is that user's claim, and one of root or the service is not",
  needs('world'),
  () => {
    write(server);
    writeFileSync(join(run, 'token'), 'secret\n', { mode: 0o600 });
    chmodSync(folder, 0o755);
    for (const [uid, isForeign] of [
      [0, false],
      [service.uid, false],
      [mallory.uid, true],
    ] as const) {
      for (const path of [run, join(run, 'server.json'), join(run, 'token')]) chownSync(path, uid, uid);
      expect(readRunFolder(run)).toMatchObject({ adminToken: 'secret', isForeign });
    }
  },
);
