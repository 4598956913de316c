import { chownSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { SessionFolder, type SessionRecord } from './session-folder.ts';

const SOMEBODY_ELSE = 7002;

let top: string;
let parent: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'latchkey-folder-'));
  parent = join(top, 'sessions');
  mkdirSync(parent);
});
afterEach(() => rmSync(top, { recursive: true }));

const recordOf = (id: string): SessionRecord => ({
  id,
  command: ['true'],
  bootId: 'b',
  createdAt: 1,
  outputLimit: 1,
});

/** Makes a folder with the record of session `id`. */
function make(path: string, id: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'record.json'), JSON.stringify(recordOf(id)));
}

describe('the folder of a session', () => {
  it('is opened by its id, whichever it was made with', () => {
    const longest = 'x'.repeat(64);
    for (const id of ['s0', '-_', longest]) {
      SessionFolder.create(parent, recordOf(id));
      expect(SessionFolder.open(parent, id)?.record).toEqual(recordOf(id));
    }
  });

  it.each(['..', '.', '', 'a/b', '../outside', 'a\0', 'x'.repeat(65), 'ü', 'a\n'])(
    'is neither made nor opened under the id %j',
    (id) => {
      make(join(top, 'outside'), id);
      make(join(parent, 'a', 'b'), id);
      for (const folder of [parent, top])
        writeFileSync(join(folder, 'record.json'), JSON.stringify(recordOf(id)));
      expect(SessionFolder.open(parent, id)).toBeUndefined();
      const malformed = expect.objectContaining({
        reason: 'INVALID_ARGUMENT',
        message: 'session_id: malformed',
      });
      expect(() => SessionFolder.create(parent, recordOf(id))).toThrow(malformed);
    },
  );

  it('is not that of another session, renamed', () => {
    make(join(parent, 'one'), 'one');
    renameSync(join(parent, 'one'), join(parent, 'two'));
    expect(SessionFolder.open(parent, 'two')).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['another type', 'record'],
    ...Object.keys(recordOf('x')).map((name): [string, unknown] => [
      `no ${name}`,
      { ...recordOf('broken'), [name]: undefined },
    ]),
    ...Object.keys(recordOf('x')).map((name): [string, unknown] => [
      `a ${name} of another type`,
      { ...recordOf('broken'), [name]: {} },
    ]),
  ])('is not opened when its record has %s', (_what, record) => {
    make(join(parent, 'broken'), 'broken');
    expect(SessionFolder.open(parent, 'broken')).toBeDefined();
    writeFileSync(join(parent, 'broken', 'record.json'), JSON.stringify(record));
    expect(SessionFolder.open(parent, 'broken')).toBeUndefined();
  });

  it("is not another user's", needs('root'), () => {
    make(join(parent, 'theirs'), 'theirs');
    expect(SessionFolder.open(parent, 'theirs')).toBeDefined();
    chownSync(join(parent, 'theirs'), SOMEBODY_ELSE, SOMEBODY_ELSE);
    expect(SessionFolder.open(parent, 'theirs')).toBeUndefined();
  });
});
