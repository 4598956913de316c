import { describe, expect, it } from 'vitest';
import { screens } from '../screens/all.ts';
import { bindingsAt, placeOf } from './keys.ts';
import { reduce } from './reduce.ts';
import { listed, press, showing, tokenRow } from './state.test-support.ts';
import { type State, viewOf } from './state.ts';

const rows = [tokenRow('a', 'alice'), tokenRow('b', 'bob'), tokenRow('c', 'carol')];

function query(state: State) {
  const { screen, scope, filter, order } = viewOf(state).query;
  return { screen: screen.name, scope, filter, order };
}

describe('the dashboard', () => {
  it('opens a row, follows a line to what it leads to, and comes back the same way', () => {
    const opened = press(showing(rows), 'j', 'enter', 'j');
    expect(viewOf(opened).open).toMatchObject({ row: { id: 'b' }, at: 1 });
    const followed = press(opened, 'enter');
    expect(query(followed)).toMatchObject({ screen: 'Sessions', scope: { login: 'bob' } });
    expect(viewOf(press(followed, 'esc')).open).toMatchObject({ row: { id: 'b' }, at: 1 });
    expect(viewOf(press(followed, 'esc', 'esc')).open).toBeUndefined();
  });

  it('filters as one types, and esc takes the filter away', () => {
    const typing = press(showing(rows), '/', 'b', 'space', 'q', 'backspace');
    expect(typing.prompt).toEqual({ kind: 'filter', text: 'b ' });
    const soon = reduce(typing, { kind: 'filter', text: 'b ' });
    expect([query(soon).filter, viewOf(soon).window.rows.length]).toEqual(['b ', 3]);
    expect(query(press(soon, 'enter')).filter).toBe('b ');
    expect(query(press(soon, 'enter', 'esc')).filter).toBe('');
    expect(query(press(soon, 'esc')).filter).toBe('');
  });

  it('does not take the answer to an old question for that to a new one', () => {
    const before = showing(rows);
    const { query: old, window } = viewOf(before);
    const late = {
      kind: 'rows',
      query: old,
      asked: window.wanted,
      rows: [tokenRow('late')],
      total: 1,
    } as const;
    const asked = press(before, 's');
    expect(viewOf(reduce(asked, late)).window.rows).toBe(viewOf(asked).window.rows);
  });

  it('sorts by each column that the server sorts by, and turns the order round', () => {
    const state = showing(rows);
    expect(query(press(state, 's')).order).toEqual({ by: 'expires_at', descending: false });
    expect(query(press(state, 's', 's')).order).toEqual({ by: 'login', descending: false });
    expect(query(press(state, 'S')).order).toEqual({ by: 'issued_at', descending: false });
    expect(press(state, ':', 'l', 'i', 'enter', 's').note).toBe('links have one order');
  });

  it('ends what is marked only after a yes, and shows the receipt', () => {
    const asked = press(showing(rows), 'space', 'space', 'x');
    expect(asked.dialog).toMatchObject({ kind: 'confirm', rows: [{ id: 'a' }, { id: 'b' }] });
    for (const key of ['n', 'esc', 'q']) expect(press(asked, key).dialog).toBeUndefined();
    for (const key of ['enter', 'x', 'j']) expect(press(asked, key).dialog?.kind).toBe('confirm');
    const acting = press(asked, 'y');
    expect(acting.dialog?.kind).toBe('acting');
    expect(press(acting, 'y', 'esc').dialog).toBe(acting.dialog);
    const told = reduce(acting, { kind: 'told', title: 'Receipt', lines: ['Ended 2 tokens'] });
    expect([told.dialog?.kind, viewOf(told).window.marked.size]).toEqual(['told', 0]);
    expect(press(told, 'esc').dialog).toBeUndefined();
  });

  it('offers nothing that ends something to who only reads', () => {
    const state = showing(rows, { readOnly: true });
    expect(press(state, 'x').dialog).toBeUndefined();
    expect(bindingsAt(state, 'list').map(({ command }) => command)).not.toContain('act');
  });

  it('keeps an open row that is gone, and says that it is', () => {
    const opened = press(showing(rows), 'enter');
    const gone = reduce(opened, {
      kind: 'changes',
      query: viewOf(opened).query,
      changes: [{ kind: 'gone', id: 'a' }],
    });
    expect(viewOf(gone).open).toMatchObject({ row: { id: 'a' }, isGone: true });
  });

  it('goes to screens by number, by tab and by name', () => {
    const state = showing(rows);
    expect(query(press(state, '4')).screen).toBe('Sessions');
    expect(query(press(state, 'tab')).screen).toBe('Links');
    expect(query(press(state, 'shift-tab', 'shift-tab')).screen).toBe('Sessions');
    expect(query(press(state, ':', 'l', 'o', 'enter')).screen).toBe('Logins');
    expect(press(state, ':', 'x', 'enter').note).toBe('there is no screen x');
  });

  it('leads nowhere that there is no screen for', () => {
    const leads = rows.flatMap(({ fields }) => fields.flatMap(({ lead }) => lead?.screen ?? []));
    expect(leads.filter((name) => !screens.some((screen) => screen.name === name))).toEqual([]);
  });

  it('does something for every key that its help shows, wherever it shows it', () => {
    const list = press(
      listed(showing([]), [...rows, ...Array.from({ length: 50 }, (_, at) => tokenRow(`${at}`))]),
      'j',
      'space',
    );
    const places = { list, open: press(list, 'enter', 'j') };
    const confirm = press(list, 'x');
    const told = reduce(list, {
      kind: 'told',
      title: '',
      lines: Array.from({ length: 80 }, (_, at) => `${at}`),
    });
    const help = press({ ...list, size: { columns: 60, rows: 15 } }, '?');
    for (const state of [...Object.values(places), confirm, press(told, 'j'), press(help, 'j')])
      for (const { keys } of bindingsAt(state, placeOf(state)))
        for (const key of keys) {
          expect([placeOf(state), key, press(state, key)]).not.toEqual([placeOf(state), key, state]);
        }
  });
});
