import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tokenRow } from '../../test/contract/rows.ts';
import { storeContract } from '../../test/contract/store.ts';
import { onSmallDisk, whyNoSmallDisk } from '../../test/support/disk/small-disk.ts';
import { durablyPut, fileOperations } from '../../test/support/disk/traced.ts';
import { needs } from '../../test/support/needs.ts';
import { isAppError } from '../errors.ts';
import { first } from './migrations/0001-first.ts';
import { openStore, type Store } from './open.ts';
import type { Schema } from './schema.ts';
import { selectKnownLogin } from './tables/known-logins.ts';
import { selectLogins } from './tables/logins.ts';
import { getMeta, setMeta } from './tables/meta.ts';
import { insertToken, tokenIdsOf, tokensOf } from './tables/tokens.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-store-'));
  path = join(folder, 'latchkey.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): Promise<Store> => openStore({ url: `sqlite:${path}`, reserveBytes: 65_536 });
const refused = (words: RegExp): unknown =>
  expect.toSatisfy((error) => isAppError(error, 'CONFIG_INVALID') && words.test(error.message));

storeContract('SQLite', open);

/** Makes a database of the first version, with a token. */
async function makeOldDatabase(): Promise<void> {
  const old = new Database(path);
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: old }) });
  await first(db as Kysely<unknown>);
  await setMeta(db, 'schema', '1');
  const claims = JSON.stringify({ jti: 'kept', authMethod: 'web-ssh' });
  await insertToken(db, tokenRow('kept', { auth_method: 'web-ssh', claims }));
  await db.destroy();
  chmodSync(path, 0o600);
}

describe('the database file', () => {
  test('is private, like its log and its reserve', async () => {
    await using _ = await open();
    const files = readdirSync(folder);
    expect(files.sort()).toEqual(['latchkey.db', 'latchkey.db-reserve', 'latchkey.db-wal']);
    for (const file of files) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
  });

  test('can be opened by one daemon at a time', async () => {
    const first = await open();
    await expect(open()).rejects.toEqual(refused(/is in use by another Latchkey server/));
    await first[Symbol.asyncDispose]();
    await using second = await open();
    expect(await second.read((db) => getMeta(db, 'schema'))).toBe('10');
  });

  test('is copied before a newer program changes it, and the copy is unchanged', async () => {
    await makeOldDatabase();
    const copy = `${path}.schema-1`;
    mkdirSync(copy); // nothing can be put there
    await expect(open()).rejects.toEqual(expect.toSatisfy((error) => isAppError(error, 'STORE_UNAVAILABLE')));
    rmdirSync(copy);
    expect(readdirSync(folder).filter((name) => name.includes('schema'))).toEqual([]);

    {
      await using store = await open();
      expect(await store.read((tx) => tokenIdsOf(tx, 'alice'))).toEqual(['kept']);
      const [row] = await store.read((tx) => tokensOf(tx, 'alice'));
      expect(row).toMatchObject({ auth_method: 'ssh', claims: '{"jti":"kept","authMethod":"ssh"}' });
      const { items } = await store.read((tx) => selectLogins(tx, { pageSize: 0 }));
      expect(items).toMatchObject([{ login: 'alice', tokens: 1, newest_issued_at: tokenRow('').issued_at }]);
      expect(await store.read((tx) => getMeta(tx, 'schema'))).toBe('10');
      const known = await store.read((tx) => selectKnownLogin(tx, 'alice'));
      expect(known).toMatchObject({ linux_user: 'alice', uid: 1000 });
    }
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    const before = readFileSync(copy);
    await (await open())[Symbol.asyncDispose]();
    expect(readFileSync(copy)).toEqual(before);
    renameSync(copy, path); // as for a downgrade
    using kept = Object.assign(new Database(path, { readonly: true }), {
      [Symbol.dispose]: () => kept.close(),
    });
    expect(kept.prepare("select value from meta where key = 'schema'").get()).toEqual({ value: '1' });
    expect(kept.prepare('select jti from tokens').all()).toEqual([{ jti: 'kept' }]);
  });

  test('is changed only when its copy is on the disk', needs('strace'), async () => {
    await makeOldDatabase();
    const operations = fileOperations(
      folder,
      `import { openStore } from '${import.meta.dirname}/open.ts';
      const store = await openStore({ url: 'sqlite:${path}', reserveBytes: 0 });
      await store[Symbol.asyncDispose]();`,
    );
    const copy = 'latchkey.db.schema-1';
    const named = operations.indexOf(`rename ${copy}.new ${copy}`);
    expect(durablyPut(operations)).toEqual([copy]);
    expect(operations.indexOf('write latchkey.db-wal')).toBeGreaterThan(operations.indexOf('sync .', named));
  });

  test('of a newer version is refused', async () => {
    const newer = await open();
    await newer.commit((tx) => setMeta(tx, 'schema', '999'));
    await newer[Symbol.asyncDispose]();
    await expect(open()).rejects.toEqual(refused(/version 999.*newer latchkey.*latchkey\.db\.schema-10/));
  });

  test('is refused when it belongs to another program, is damaged, not a file, or accessible to others', async () => {
    const other = new Database(path);
    other.exec('create table t (x)');
    other.close();
    chmodSync(path, 0o600);
    await expect(open()).rejects.toEqual(refused(/belongs to another program/));
    writeFileSync(path, 'not a database, but long enough to look like one'.repeat(100));
    await expect(open()).rejects.toEqual(refused(/damaged/));
    chmodSync(path, 0o644);
    await expect(open()).rejects.toEqual(refused(/accessible to others/));
    rmSync(path);
    symlinkSync('/dev/null', path);
    await expect(open()).rejects.toEqual(refused(/not a regular file/));
  });

  test("is refused when it is another user's", needs('root'), async () => {
    await (await open())[Symbol.asyncDispose]();
    chownSync(path, 65_534, 65_534);
    await expect(open()).rejects.toEqual(refused(/belongs to another user/));
  });

  test('has a reserve that takes its room on the disk', async () => {
    const reserve = `${path}-reserve`;
    writeFileSync(reserve, '');
    truncateSync(reserve, 65_536);
    await using store = await open();
    await store.commit((tx) => setMeta(tx, 'x', 'y'));
    expect(statSync(reserve).blocks * 512).toBeGreaterThanOrEqual(65_536);
  });

  test.each(['latchkey.db', 'sqlite:latchkey.db', 'postgres://db/x', ''])(
    'is refused with the URL %j',
    async (url) => {
      await expect(openStore({ url })).rejects.toEqual(refused(/store\.url/));
    },
  );
});

test('acknowledged commits survive a kill -9 during further ones', async () => {
  const program = `
    import { openStore } from '${new URL('./open.ts', import.meta.url).href}';
    import { insertToken } from '${new URL('./tables/tokens.ts', import.meta.url).href}';
    const row = JSON.parse(process.argv[2]);
    const store = await openStore({ url: process.argv[1] });
    const issue = async (worker) => {
      for (let count = 0; ; count++) {
        const jti = worker + '-' + count;
        await store.commit((tx) => insertToken(tx, { ...row, jti }));
        process.stdout.write(jti + '\\n');
      }
    };
    for (let worker = 0; worker < 8; worker++) issue(worker);
  `;
  const args = ['--input-type=module', '--eval', program, `sqlite:${path}`, JSON.stringify(tokenRow(''))];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let answered = '';
  child.stdout.on('data', (chunk: Buffer) => {
    answered += chunk;
    if (answered.length > 20_000) child.kill('SIGKILL');
  });
  await once(child, 'close');
  await using store = await open();
  const kept = new Set(await store.read((db) => tokenIdsOf(db, 'alice')));
  const lost = answered
    .split('\n')
    .slice(0, -1)
    .filter((jti) => !kept.has(jti));
  expect(lost).toEqual([]);
});

test('on a full disk the store refuses to issue, still revokes, and recovers automatically', async (ctx) => {
  const why = await whyNoSmallDisk();
  if (why !== undefined) ctx.skip(why);
  const program = new URL('../../test/support/disk/full-disk-store.ts', import.meta.url);
  expect(await onSmallDisk(program, folder, 16)).toEqual({
    filled: 'STORE_UNAVAILABLE',
    revokedWhileFull: 'done',
    reserveReleased: true,
    issuedAfterwards: 'STORE_UNAVAILABLE',
    together: ['STORE_UNAVAILABLE', 'done', 'STORE_UNAVAILABLE', 'done'],
    revokedMore: ['done'],
    freeBytes: true,
    recovered: 'done',
    reserveBack: true,
    keptExactly: true,
    revokedIsGone: true,
  });
});

test('a commit that fails halfway leaves the connection usable', async () => {
  await using store = await open();
  await expect(
    store.commit(async (tx) => {
      await insertToken(tx, tokenRow('a'));
      await sql`ROLLBACK`.execute(tx);
      await insertToken(tx, tokenRow('b'));
      throw new Error('lost the transaction');
    }),
  ).rejects.toEqual(expect.toSatisfy((error) => isAppError(error, 'STORE_UNAVAILABLE')));
  await store.commit((tx) => setMeta(tx, 'x', 'y'));
  expect(await store.read((db) => getMeta(db, 'x'))).toBe('y');
});
