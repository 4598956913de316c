import { describe, expect, it } from 'vitest';
import {
  listed,
  listShown,
  onScreenOf,
  press,
  printed,
  sessionRow,
  sessionsOf,
  showing,
  tokenRow,
  workingOn,
} from '../../test/support/terminal/dashboard-state.ts';
import { screens } from '../screens/all.ts';
import { detailLines } from './detail-lines.ts';
import { dialogLines } from './dialog-text.ts';
import { bindingsAt, focusOf } from './keys.ts';
import { type State, screenOf, viewOf } from './state.ts';
import { update } from './update.ts';
import { rowAt } from './window.ts';

const rows = [tokenRow('a', 'alice'), tokenRow('b', 'bob'), tokenRow('c', 'carol')];

function query(state: State) {
  const { screen, scope, filter, order } = listShown(state).query;
  return { screen: screen.name, scope, filter, order };
}

function asUser(state: State): State {
  return { ...state, who: { ...state.who, role: 'user' } };
}

describe('the dashboard', () => {
  it('opens a row, follows a reference, and goes back step by step', () => {
    const opened = press(showing(rows), 'j', 'enter', 'j');
    expect(listShown(opened).open).toMatchObject({ row: { id: 'b' }, at: 1 });
    const followed = press(opened, 'enter');
    expect(query(followed)).toMatchObject({ screen: 'Sessions', scope: { login: 'bob' } });
    expect(listShown(press(followed, 'esc')).open).toMatchObject({ row: { id: 'b' }, at: 1 });
    expect(listShown(press(followed, 'esc', 'esc')).open).toBeUndefined();
  });

  it('filters as text is typed, and clears the filter on esc', () => {
    const typing = press(showing(rows), '/', 'b', 'space', 'q', 'backspace');
    expect(typing.prompt).toEqual({ kind: 'filter', text: 'b ' });
    const soon = update(typing, { kind: 'filter', text: 'b ' });
    expect([query(soon).filter, listShown(soon).window.rows.length]).toEqual(['b ', 3]);
    expect(query(press(soon, 'enter')).filter).toBe('b ');
    expect(query(press(soon, 'enter', 'esc')).filter).toBe('');
    expect(query(press(soon, 'esc')).filter).toBe('');
  });

  it('keeps the cursor on its row when the filter is cleared', () => {
    const soon = update(press(showing(rows), '/', 'c'), { kind: 'filter', text: 'c' });
    const narrow = listed(press(soon, 'enter'), rows.slice(2));
    const wide = press(narrow, 'esc');
    expect(rowAt(listShown(wide).window)?.id).toBe('c');
    expect(rowAt(listShown(listed(wide, rows)).window)?.id).toBe('c');
  });

  it('ignores the answer to an earlier query', () => {
    const before = showing(rows);
    const { query: old, window } = listShown(before);
    const late = {
      kind: 'rows',
      query: old,
      asked: window.wanted,
      rows: [tokenRow('late')],
      total: 1,
    } as const;
    const asked = press(before, 's');
    expect(listShown(update(asked, late)).window.rows).toBe(listShown(asked).window.rows);
  });

  it('ignores rows from the other end of the list than the one that is wanted by now', () => {
    const answered = (state: State, from: 'start' | 'end', id: string): State => {
      const asked = { from, count: 200 };
      const answer = { query: listShown(state).query, asked, rows: [tokenRow(id)], total: 5000 };
      return update(state, { kind: 'rows', ...answer });
    };
    const first = answered(showing(rows), 'start', 'first');
    const toEnd = press(first, 'G');
    const late = answered(toEnd, 'start', 'late');
    expect(listShown(late).window).toBe(listShown(toEnd).window);
    const last = answered(late, 'end', 'last');
    expect(rowAt(listShown(last).window)?.id).toBe('last');
    const toStart = press(last, 'g');
    expect(listShown(answered(toStart, 'end', 'late')).window).toBe(listShown(toStart).window);
  });

  it('sorts by each column that the server can sort by, and reverses the order', () => {
    const state = showing(rows);
    expect(query(press(state, 's')).order).toEqual({ by: 'expires_at', descending: false });
    expect(query(press(state, 's', 's')).order).toEqual({ by: 'client_ip', descending: false });
    expect(query(press(state, 's', 's', 's')).order).toEqual({ by: 'jti', descending: false });
    expect(query(press(state, '>', '<')).order).toEqual({ by: 'issued_at', descending: false });
    expect(query(press(state, '<')).order).toEqual({ by: 'auth_method', descending: false });
    expect(query(press(state, 'S')).order).toEqual({ by: 'issued_at', descending: false });
  });

  it('is suspended, and continues', () => {
    const stopped = press(showing(rows), '^z');
    expect([stopped.isSuspending, update(stopped, { kind: 'returned' }).isSuspending]).toEqual([true, false]);
  });

  it('keeps keys typed before the first rows arrive, and runs them then', () => {
    const early = press(onScreenOf([]), 'j', 'enter');
    expect([early.typedAhead, listShown(early).open]).toEqual([['j', 'enter'], undefined]);
    expect(listShown(listed(early, rows)).open?.row.id).toBe('b');
    expect(press(early, 'esc').typedAhead).toEqual([]);
    const typedAhead = press(showing(rows), '/', 'c', 'enter', 'x');
    expect(typedAhead.dialog).toBeUndefined();
    expect(listed(typedAhead, [tokenRow('c')]).dialog).toMatchObject({ targets: [{ id: 'c' }] });
    const lost = update(onScreenOf([]), { kind: 'connection', connection: { kind: 'lost', why: '' } });
    expect(press(lost, 'j').typedAhead).toEqual([]);
  });

  it('keeps a hundred such keys at most, the first ones', () => {
    const keys = Array.from({ length: 1_000 }, (_, at) => (at % 2 === 0 ? 'j' : 'k'));
    const early = press(onScreenOf([]), ...keys);
    expect(early.typedAhead).toEqual(keys.slice(0, 100));
    expect(press(early, 'q').isLeaving).toBe(true);
  });

  it('takes a filter and a screen name of limited length', () => {
    for (const prompt of ['/', ':']) {
      const long = press(showing(rows), prompt, ...Array.from({ length: 1_000 }, () => 'x'));
      expect(long.prompt?.text).toBe('x'.repeat(200));
      expect(press(long, 'backspace').prompt?.text).toBe('x'.repeat(199));
    }
  });

  it('moves through an open row line by line, with a long value on several lines', () => {
    const long = {
      ...tokenRow('a'),
      fields: [{ name: 'command', value: 'x'.repeat(150) }, ...tokenRow('a').fields],
    };
    const open = press(showing([long]), 'enter');
    expect(detailLines(open, long).map(({ field, part }) => `${field.name} ${part}`)).toEqual([
      'command 0',
      'command 1',
      'command 2',
      'token 0',
      'login 0',
      'Linux user 0',
    ]);
    expect(query(press(open, 'j', 'j', 'j', 'j', 'enter')).screen).toBe('Sessions');
    expect(press(open, 'enter').note).toBe('this line refers to no other rows');
    const leading = {
      ...tokenRow('a'),
      fields: [{ name: 'x', value: 'y'.repeat(70), reference: { screen: 'Links', scope: {} } }],
    };
    // 75 columns, of which the arrow takes 8
    const shown = detailLines(press(showing([leading]), 'enter'), leading);
    expect(shown.map(({ text, isLast }) => [text?.length, isLast])).toEqual([
      [70, false],
      [0, true],
    ]);
  });

  it('shows only that the login has ended, after the outcome of a job under way, and offers to quit', () => {
    const over = (state: State) =>
      update(state, { kind: 'connection', connection: { kind: 'ended', why: 'the token was revoked' } });
    const acting = press(showing(rows), 'x', 'y');
    const { job } = workingOn(acting);
    for (const state of [
      showing(rows),
      onScreenOf(['j']),
      press(showing(rows), '/', 'a'),
      press(showing(rows), 'x'),
    ]) {
      const ended = over(state);
      expect([ended.dialog?.kind, ended.prompt]).toEqual(['ended', undefined]);
      expect(ended.dialog && dialogLines(ended, ended.dialog).join(' ')).toMatch(/^The token was revoked\. /);
      expect(bindingsAt(ended, focusOf(ended)).map(({ command }) => command)).toEqual(['quit', 'suspend']);
      for (const key of ['x', 'y', 'enter', 'esc', '?', '2', ':', 'j'])
        expect(press(ended, key)).toEqual(ended);
      expect(press(ended, 'q').isLeaving).toBe(true);
    }
    expect(over(acting).dialog?.kind).toBe('working');
    const told = update(over(acting), { kind: 'report', job, title: 'Receipt', lines: ['Ended 1 token'] });
    expect(told.dialog).toMatchObject({ kind: 'report', lines: ['Ended 1 token'] });
    expect(press(told, 'esc').dialog?.kind).toBe('ended');
  });

  it('keeps an open row that no longer exists, and says so', () => {
    const opened = press(showing(rows), 'enter');
    const gone = update(opened, {
      kind: 'changes',
      query: listShown(opened).query,
      changes: [{ kind: 'gone', id: 'a' }],
    });
    expect(listShown(gone).open).toMatchObject({ row: { id: 'a' }, isGone: true });
  });

  it('goes to screens by number, by tab and by name', () => {
    const state = showing(rows);
    expect(query(press(state, '5')).screen).toBe('Sessions');
    expect(viewOf(press(state, '1'))).toMatchObject({ kind: 'board', picture: undefined });
    expect(query(press(state, 'tab')).screen).toBe('Links');
    expect(query(press(state, 'shift-tab', 'shift-tab', 'shift-tab')).screen).toBe('Sessions');
    expect(query(press(state, ':', 'l', 'o', 'enter')).screen).toBe('Logins');
    expect(press(state, ':', 'x', 'enter').note).toBe('there is no screen x');
  });

  it('offers the overview to managers only, and shows each snapshot there', () => {
    const user = asUser(showing(rows));
    expect(query(press(user, '4')).screen).toBe('Sessions');
    expect(press(user, ':', 'o', 'v', 'enter').note).toBe('there is no screen ov');
    const board = press(showing(rows), '1');
    for (const key of ['/', 'x', 'space', 's', '*', 'enter', 'K', 'j', 'G', 'esc'])
      expect(press(board, key)).toEqual(board);
    const screen = screenOf(viewOf(board));
    if (screen.kind !== 'board') throw new Error('not a board');
    const come = update(board, { kind: 'picture', screen, picture: () => ['a picture'] });
    expect(viewOf(come)).toMatchObject({ picture: expect.any(Function) });
    const late = press(board, '2');
    expect(update(late, { kind: 'picture', screen, picture: () => [] })).toBe(late);
    expect(query(press(board, 'tab')).screen).toBe('Logins');
  });

  it('refers only to screens that exist', () => {
    const leads = rows.flatMap(({ fields }) => fields.flatMap(({ reference }) => reference?.screen ?? []));
    expect(leads.filter((name) => !screens.some((screen) => screen.name === name))).toEqual([]);
  });

  it('does something for every key that a place shows', () => {
    const list = press(
      listed(showing([]), [...rows, ...Array.from({ length: 50 }, (_, at) => tokenRow(`${at}`))]),
      'j',
      'space',
    );
    const places = { list, open: press(list, 'enter', 'j') };
    const confirm = press(list, 'x');
    const acting = press(confirm, 'y');
    const told = update(acting, {
      kind: 'report',
      job: workingOn(acting).job,
      title: '',
      lines: Array.from({ length: 80 }, (_, at) => `${at}`),
    });
    const help = press({ ...list, size: { columns: 60, rows: 15 } }, '?');
    const output = press(sessionsOf([sessionRow('own', 'root', ['end', 'signal', 'read'])]), 'r');
    const long = press(printed(output, 'line\n'.repeat(90)), 'k', 'k');
    for (const state of [...Object.values(places), long, confirm, press(told, 'j'), press(help, 'j')])
      for (const { keys } of bindingsAt(state, focusOf(state)))
        for (const key of keys) {
          expect([focusOf(state), key, press(state, key)]).not.toEqual([focusOf(state), key, state]);
        }
  });
});
