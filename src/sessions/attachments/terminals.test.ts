import { describe, expect, it } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import { AppError } from '../../errors.ts';
import type { SessionRow } from '../../store/schema.ts';
import type { TerminalSize } from '../../values/terminal-size.ts';
import { type TerminalChange, type TerminalClient, Terminals } from './terminals.ts';

const SMALL = { columns: 80, rows: 24 };
const LARGE = { columns: 200, rows: 60 };

/** The terminals of one session, whose link fails with the `failures` first. */
function newTerminals(failures: AppError[] = []) {
  let row = sessionRow('s', { socket: 'x', terminal: '80x24' });
  const resized: TerminalSize[] = [];
  const link = {
    resize: async (_id: string, size: TerminalSize) => {
      const failure = failures.shift();
      if (failure) throw failure;
      resized.push(size);
    },
  };
  const records = {
    find: async () => row,
    change: async (_id: string, patch: (row: SessionRow) => Partial<SessionRow> | undefined) => {
      row = { ...row, ...patch(row) };
      return row;
    },
  };
  const links = { forUid: () => link, forSocket: () => link, isKnown: () => true } as never;
  const terminals = new Terminals({ records, links });
  const enter = (wantsToWrite = true): TerminalClient => {
    const client = terminals.enter(row, wantsToWrite);
    if (client === undefined) throw new Error('no terminal');
    return client;
  };
  return { terminals, enter, resized, row: () => row };
}

function allChanges(client: TerminalClient): TerminalChange[] {
  const change = client.take();
  return change === undefined ? [] : [change, ...allChanges(client)];
}

describe('the clients of a terminal', () => {
  it('are told its size and whether they write, once', () => {
    const { enter } = newTerminals();
    const watcher = enter(false);
    expect(allChanges(watcher)).toEqual([{ resized: SMALL }, { writes: false }]);
    expect(allChanges(watcher)).toEqual([]);
    const writer = enter();
    expect(allChanges(writer)).toEqual([{ resized: SMALL }, { writes: true }]);
    expect(allChanges(watcher)).toEqual([]);
  });

  it('have one writer, which holds the program, in whatever order they leave', () => {
    const { enter } = newTerminals();
    const one = enter();
    const two = enter();
    const three = enter();
    const held = (): unknown[] => [one, two, three].map((client) => client.hold.value);
    expect(held()).toEqual([false, false, true]);
    two[Symbol.dispose]();
    three[Symbol.dispose]();
    expect(held()).toEqual([true, false, true]); // that of one that has left has no effect
    expect(one.isWriter).toBe(true);
    one[Symbol.dispose]();
    expect(enter(false).isWriter).toBe(false);
  });

  it('give it the size of the writer, and that of the next when it leaves', async () => {
    const { enter, resized, row } = newTerminals();
    const one = enter();
    await one.resize(LARGE);
    expect(row().terminal).toBe('200x60');
    const two = enter();
    await two.resize(SMALL);
    await one.resize({ columns: 1, rows: 65_535 });
    expect(resized).toEqual([LARGE, SMALL]);
    two[Symbol.dispose]();
    await expect.poll(() => row().terminal).toBe('1x65535');
    expect(allChanges(one)).toEqual([{ resized: { columns: 1, rows: 65_535 } }, { writes: true }]);
  });

  it.each([0, 65_536, 1.5, -1])('have no terminal of %d columns', async (columns) => {
    const { enter, resized } = newTerminals();
    const wrong = { reason: 'INVALID_ARGUMENT', violation: { field: 'resize' } };
    await expect(enter().resize({ columns, rows: 24 })).rejects.toMatchObject(wrong);
    expect(resized).toEqual([]);
  });

  it('resize it once there is a link again', async () => {
    const { enter, resized } = newTerminals([
      new AppError('LINK_LOST', 'lost'),
      new AppError('LINK_REQUIRED', 'none yet'),
    ]);
    await enter().resize(LARGE);
    expect(resized).toEqual([LARGE]);
  });

  it('keep the size that it has when it takes no other, and try again with the next', async () => {
    const { enter, resized } = newTerminals([new AppError('SESSION_ENDED', 'over')]);
    const client = enter();
    await client.resize(SMALL);
    await client.resize(LARGE);
    expect(allChanges(client)).toEqual([{ resized: SMALL }, { writes: true }]);
    await client.resize(LARGE);
    expect(resized).toEqual([LARGE]);
  });

  it('are none of a session without one', () => {
    const { terminals } = newTerminals();
    expect(terminals.enter(sessionRow('other'), true)).toBeUndefined();
  });
});
