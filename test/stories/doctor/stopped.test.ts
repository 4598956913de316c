/** `latchkey doctor` with a stopped server, whose database it can check. */
import { closeSync, copyFileSync, openSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { otherContent } from '../../support/host/changed.ts';
import { ExaminedHost } from '../../support/host/doctor.ts';
import { RUN_FOLDER } from '../../support/host/installed.ts';
import { needs } from '../../support/needs.ts';

const PORT = 2214;
const PAGE_BYTES = 4096;

let host: ExaminedHost;

beforeAll(async () => {
  host = await ExaminedHost.start(PORT);
  await host.daemon.end();
});
afterAll(() => host?.[Symbol.asyncDispose]());

describe('a stopped server', needs('world', 'sudo', 'sshd'), () => {
  test('is a warning, and its database is intact', async () => {
    const examined = await host.examine();
    expect(examined.warnings('daemon')).toEqual([
      { summary: expect.stringMatching(/^it is not running; port \d+ is free$/), remedy: 'latchkey serve' },
    ]);
    const found = examined.findings.find(({ check }) => check === 'database');
    expect(found?.summary).toBe(`${host.database} is intact, and this program supports its version`);
  });

  test('is a problem when another process uses its port', async () => {
    const [, port] = /127\.0\.0\.1:(\d+)/.exec(readFileSync(host.daemon.configFile, 'utf8')) ?? [];
    const taker = createServer();
    await new Promise<void>((resolve) => taker.listen(Number(port), resolve));
    const found = (await host.examine()).problem('daemon');
    taker.close();
    const who = `${readFileSync('/proc/self/comm', 'utf8').trim()}, process ${readlinkSync('/proc/self')}`;
    expect(found).toEqual({
      summary: `it is not running, and port ${port} is in use by uid 0 (${who})`,
      remedy: 'stop that; or api.listen: another port',
    });
  });

  test('is a problem when it was killed', async () => {
    await host.daemon.serve();
    const { pid } = host.daemon;
    await host.daemon.end('SIGKILL');
    const found = (await host.examine()).problem('daemon');
    await host.daemon.serve();
    await host.daemon.end();
    expect(found).toEqual({
      summary: `it has crashed or was killed: process ${pid} from server.json is gone`,
      remedy: 'see what the server logs; latchkey serve',
    });
  });
});

describe('a running server without its server.json', needs('world', 'sudo', 'sshd'), () => {
  test('is not taken for a stopped one: its database is not opened', async () => {
    await host.daemon.serve();
    const lost = otherContent(join(RUN_FOLDER, 'server.json'), undefined);
    const examined = await host.examine();
    expect(examined.problem('daemon').summary).toMatch(
      /^it is not running, and port \d+ is in use by uid 7100/,
    );
    expect(examined.of('database')).toMatchObject([{ status: 'skipped' }]);
    lost[Symbol.dispose]();
    await host.daemon.end();
  });
});

describe('about a database the doctor finds', needs('world', 'sudo', 'sshd'), () => {
  const COPY = '/mnt/copy.db';
  const NEWER = "UPDATE meta SET value = '99' WHERE key = 'schema'";

  /** Returns a copy of the database, changed by `work`. */
  function changed(work: (copy: string) => void): Buffer {
    copyFileSync(host.database, COPY);
    work(COPY);
    return readFileSync(COPY);
  }

  test('damaged pages', async () => {
    const damaged = changed((copy) => {
      const fd = openSync(copy, 'r+');
      for (let page = 2; page < 8; page += 1)
        writeSync(fd, Buffer.alloc(PAGE_BYTES / 2, 0x5a), 0, PAGE_BYTES / 2, page * PAGE_BYTES);
      closeSync(fd);
    });
    using _ = otherContent(host.database, damaged);
    const { summary, remedy } = (await host.examine()).problem('database');
    expect(summary).toMatch(/^\/mnt\/.*\/latchkey\.db is damaged: /);
    expect(remedy).toBe('restore a backup');
  });

  test('a file that is not a database', async () => {
    using _ = otherContent(host.database, 'nothing of the kind'.repeat(500));
    expect((await host.examine()).problem('database')).toEqual({
      summary: `${host.database} is not a database, or is damaged: restore a backup`,
      remedy: 'restore a backup',
    });
  });

  test('the schema of a newer program', async () => {
    const newer = changed((copy) => {
      const db = new Database(copy);
      db.exec(NEWER);
      db.close();
    });
    using _ = otherContent(host.database, newer);
    const { summary } = (await host.examine()).problem('database');
    expect(summary).toMatch(/^the database has schema version 99, but this latchkey supports only \d+: /);
  });

  test('a schema version that is only in the write-ahead log', async () => {
    copyFileSync(host.database, COPY);
    const db = new Database(COPY);
    db.pragma('journal_mode = WAL');
    db.exec(NEWER);
    const main = readFileSync(COPY);
    const log = readFileSync(`${COPY}-wal`);
    db.close();
    await host.daemon.serve();
    await host.daemon.end('SIGKILL'); // leaves a write-ahead log
    using _main = otherContent(host.database, main);
    using _log = otherContent(`${host.database}-wal`, log);
    expect((await host.examine()).of('database')).toMatchObject([{ summary: expect.stringContaining('99') }]);
  });
});
