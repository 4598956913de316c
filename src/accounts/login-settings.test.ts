import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Digests, differences, settingsOfAccount, statesOfFiles } from './login-settings.ts';
import type { UserEntry } from './user-database.ts';

const user: UserEntry = { name: 'alice', uid: 1000, gid: 1000, gecos: '', home: '/home/a', shell: '/bin/sh' };
const before = settingsOfAccount(user, [1000, 27, 4]);
const changed = (change: Partial<UserEntry>, gids = [4, 27]): string[] =>
  differences(before, settingsOfAccount({ ...user, ...change }, gids));

describe('the settings of an account', () => {
  test.each<[string, Partial<UserEntry>, number[], string[]]>([
    ['the order of its groups', {}, [4, 1000, 27, 4], []],
    ['the name in its GECOS field', { gecos: 'Alice,Room 1,,' }, [4, 27], []],
    ['a group taken away', {}, [4], ['groups']],
    ['a group added', {}, [4, 27, 100], ['groups']],
    ['another primary group', { gid: 4 }, [27, 1000], ['groups']],
    ['another home', { home: '/home/b' }, [4, 27], ['home directory']],
    ['another shell', { shell: '/bin/bash' }, [4, 27], ['login shell']],
    ['a umask for pam_umask', { gecos: 'Alice,umask=077' }, [4, 27], ['GECOS field']],
  ])('differ by %s as they should', (_, change, gids, names) => {
    expect(changed(change, gids)).toEqual(names);
  });
});

describe('the states of files', () => {
  let folder: string;
  const states = (): Digests =>
    statesOfFiles(inFolder('limits.conf', 'absent'), inFolder('limits.d', 'none'));
  const inFolder = (...names: string[]): string[] => names.map((name) => join(folder, name));
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-files-'));
    writeFileSync(join(folder, 'limits.conf'), 'old');
    mkdirSync(join(folder, 'limits.d'));
    writeFileSync(join(folder, 'limits.d/one.conf'), 'old');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test.each<[string, (folder: string) => void, string[]]>([
    ['nothing', () => {}, []],
    ['a file that is written', (it) => appendFileSync(join(it, 'limits.conf'), 'new'), ['limits.conf']],
    [
      'a file that is replaced by one of the same size',
      (it) => {
        writeFileSync(join(it, 'next'), 'new');
        renameSync(join(it, 'next'), join(it, 'limits.conf'));
      },
      ['limits.conf'],
    ],
    ['a file that is removed', (it) => rmSync(join(it, 'limits.conf')), ['limits.conf']],
    ['a file that is new', (it) => writeFileSync(join(it, 'absent'), ''), ['absent']],
    ['a link to nothing', (it) => symlinkSync('nowhere', join(it, 'absent')), []],
    ['a link to a file', (it) => symlinkSync('limits.conf', join(it, 'absent')), ['absent']],
    ['a file in a folder', (it) => appendFileSync(join(it, 'limits.d/one.conf'), 'new'), ['limits.d']],
    ['a new folder', (it) => mkdirSync(join(it, 'none')), ['none']],
    ['a new file in a folder', (it) => writeFileSync(join(it, 'limits.d/two.conf'), ''), ['limits.d']],
  ])('differ after %s', (_, change, names) => {
    const old = states();
    change(folder);
    expect(differences(old, states())).toEqual(inFolder(...names));
  });
});
