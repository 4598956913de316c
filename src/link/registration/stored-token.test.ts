import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readToken, serverFolder, writeToken } from '../../client/find/server-folder.ts';
import { ownAccount } from '../account/account.ts';
import { readOptions } from '../options.ts';
import { StoredToken } from './stored-token.ts';

const ADDRESS = 'localhost:7300';
const NOW = Math.floor(Date.now() / 1000);

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'latchkey-stored-'));
  vi.stubEnv('XDG_CONFIG_HOME', home);
  folder = serverFolder(process.env, home, ADDRESS);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

/** Returns a token as far as one looks at it that does not verify it. */
function token(name: string, claims: object = { exp: NOW + 60 }): string {
  const encoded = (bytes: Buffer): string => bytes.toString('base64url');
  const part = (value: object): string => encoded(Buffer.from(JSON.stringify(value)));
  const signature = encoded(Buffer.alloc(64, name));
  return [part({ alg: 'ES256', kid: 'k' }), part(claims), signature].join('.');
}

function opened(...words: string[]): StoredToken {
  const server = { address: ADDRESS, ca: 'a CA' } as ConstructorParameters<typeof StoredToken>[2];
  return new StoredToken(readOptions(words), ownAccount(), server, (socket) => socket === 'there');
}

const keep = (stored: StoredToken, text: string): void =>
  stored.keep({ token: text } as Parameters<StoredToken['keep']>[0]);

test.each<[string, object, boolean]>([
  ['still valid', { exp: NOW + 60 }, true],
  ['of a link that is there', { exp: NOW + 60, 'fastx/socket': 'there' }, true],
  ['of a link that is gone', { exp: NOW + 60, 'fastx/socket': 'gone' }, false],
  ['expired', { exp: NOW - 1 }, false],
])(
  'a link replaces a token that is %s, and returns it at its end if it is valid',
  (_, claims, isReturned) => {
    const before = token('before', claims);
    writeToken(folder, before);
    const stored = opened();
    keep(stored, token('own'));
    expect(readToken(folder)).toBe(token('own'));
    expect(stored.hasReplaced).toBe(isReturned);
    stored[Symbol.dispose]();
    expect(readToken(folder)).toBe(isReturned ? before : undefined);
  },
);

test('a renewed token replaces its own, and not one that another command has stored since (F24)', () => {
  const stored = opened();
  keep(stored, token('own'));
  keep(stored, token('renewed'));
  expect(readToken(folder)).toBe(token('renewed'));
  writeToken(folder, token('of a later login'));
  keep(stored, token('renewed again'));
  stored[Symbol.dispose]();
  expect(readToken(folder)).toBe(token('of a later login'));
});

test.each([['--daemon'], ['--print-token']])('a link with %s stores no token', (word) => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const stored = opened(word);
  keep(stored, token('own'));
  keep(stored, token('renewed'));
  expect(write.mock.calls).toEqual(word === '--print-token' ? [[`${token('own')}\n`]] : []);
  write.mockRestore();
  expect(readToken(folder)).toBeUndefined();
});
