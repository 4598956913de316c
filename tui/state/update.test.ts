import { describe, expect, it } from 'vitest';
import { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import {
  listed,
  listShown,
  onScreenOf,
  press,
  sessionRow,
  sessionsOf,
  showing,
  tokenRow,
} from '../../test/support/terminal/dashboard-state.ts';
import type { Row } from '../screen.ts';
import { screens } from '../screens/all.ts';
import { detailLines } from './detail-lines.ts';
import { dialogLines } from './dialog-text.ts';
import { bindingsAt, focusOf } from './keys.ts';
import { outputState } from './output.ts';
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

function outputOf(state: State) {
  const view = viewOf(state);
  if (view.kind !== 'output') throw new Error('no output is shown');
  return view;
}

function printed(state: State, text: string): State {
  return update(state, { kind: 'output', source: outputOf(state).source, text });
}

function workingOf(state: State) {
  if (state.dialog?.kind !== 'working') throw new Error('nothing is being done');
  return state.dialog;
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

  it('says when a question is about the login in use', () => {
    const own = showing([{ ...tokenRow('a', 'root'), endsOwnConnection: true }, tokenRow('b', 'bob')]);
    const lines = (state: State): string => (state.dialog ? dialogLines(state, state.dialog).join(' ') : '');
    expect(lines(press(own, 'x'))).toContain('the login that you are using: the dashboard will end');
    expect(lines(press(own, 'j', 'x'))).not.toContain('you are using');
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

  it('sorts by each column that the server can sort by, and reverses the order', () => {
    const state = showing(rows);
    expect(query(press(state, 's')).order).toEqual({ by: 'expires_at', descending: false });
    expect(query(press(state, 's', 's')).order).toEqual({ by: 'client_ip', descending: false });
    expect(query(press(state, 's', 's', 's')).order).toEqual({ by: 'jti', descending: false });
    expect(query(press(state, '>', '<')).order).toEqual({ by: 'issued_at', descending: false });
    expect(query(press(state, '<')).order).toEqual({ by: 'auth_method', descending: false });
    expect(query(press(state, 'S')).order).toEqual({ by: 'issued_at', descending: false });
  });

  it('ends the marked rows only after y, and shows the receipt', () => {
    const asked = press(showing(rows), 'space', 'space', 'x');
    expect(asked.dialog).toMatchObject({ kind: 'confirm', targets: [{ id: 'a' }, { id: 'b' }] });
    for (const key of ['n', 'esc', 'q']) expect(press(asked, key).dialog).toBeUndefined();
    for (const key of ['enter', 'x', 'j']) expect(press(asked, key).dialog?.kind).toBe('confirm');
    const acting = press(asked, 'y');
    const { job } = workingOf(acting);
    expect(workingOf(press(acting, 'y', 'j'))).toEqual({ kind: 'working', job, done: 0, isStopping: false });
    expect(workingOf(press(acting, 'esc')).isStopping).toBe(true);
    const half = update(acting, { kind: 'progress', job, done: 1 });
    expect(workingOf(half).done).toBe(1);
    const told = update(half, { kind: 'report', job, title: 'Receipt', lines: ['Ended 2 tokens'] });
    expect([told.dialog?.kind, listShown(told).window.marked.size]).toEqual(['report', 0]);
    expect(press(told, 'esc').dialog).toBeUndefined();
  });

  it('offers no action that ends something with --read-only', () => {
    const state = showing(rows, { readOnly: true });
    expect(press(state, 'x').dialog).toBeUndefined();
    expect(bindingsAt(state, 'list').map(({ command }) => command)).not.toContain('act');
  });

  it('offers the actions that the state and the owner of a session allow, and only its output with --read-only', () => {
    const keys = (row: Row, readOnly = false) =>
      bindingsAt(sessionsOf([row], readOnly), 'list').flatMap(({ command, keys: [key] }) =>
        command === 'act' ? key : [],
      );
    const running = ['end', 'signal', 'follow', 'read'];
    expect(keys(sessionRow('own', 'root', running))).toEqual(['x', 'K', 'f', 'r']);
    expect(keys(sessionRow('own', 'root', ['read']))).toEqual(['r']);
    expect(keys(sessionRow('theirs', 'alice', running))).toEqual(['x', 'K']);
    expect(keys(sessionRow('theirs', 'alice', ['read']))).toEqual([]);
    expect(keys(sessionRow('own', 'root', running), true)).toEqual(['f', 'r']);
  });

  it('sends a chosen, completed or typed signal to all marked sessions that still run', () => {
    const running = ['end', 'signal', 'follow', 'read'];
    const list = sessionsOf([
      sessionRow('a', 'root', running),
      sessionRow('b', 'alice', ['read']),
      sessionRow('c', 'alice', running),
    ]);
    const asked = press(list, 'space', 'space', 'space', 'K');
    const sent = (...keys: string[]) => {
      const { job } = workingOf(press(asked, ...keys));
      return job.kind === 'send' ? [job.choice, job.targets.map(({ id }) => id)] : job;
    };
    expect(sent('enter')).toEqual(['TERM', ['a', 'c']]);
    expect(sent('down', 'down', 'enter')).toEqual(['HUP', ['a', 'c']]);
    expect(sent('s', 'i', 'g', 'u', 's', 'down', 'enter')).toEqual(['USR2', ['a', 'c']]);
    expect(sent('1', '5', 'enter')).toEqual(['15', ['a', 'c']]);
    expect(sent('x', 'backspace', 'w', 'i', 'n', 'c', 'h', 'enter')).toEqual(['WINCH', ['a', 'c']]);
    expect(press(asked, 'k', 'esc').dialog).toBeUndefined();
    const done = press(asked, 'enter');
    const told = update(done, { kind: 'finished', job: workingOf(done).job, text: 'Sent TERM' });
    expect([told.dialog, told.note, listShown(told).window.marked.size]).toEqual([undefined, 'Sent TERM', 3]);
  });

  it('shows the output of one session of the caller, which ^c, q and esc only leave', () => {
    const list = sessionsOf([sessionRow('own', 'root', ['end', 'signal', 'follow', 'read'])]);
    const shown = printed(press(list, 'space', 'f'), 'one\ntwo\n');
    expect(viewOf(shown)).toMatchObject({ kind: 'output', source: { action: { verb: 'follow' } } });
    for (const key of ['^c', 'q', 'esc', 'h']) {
      const left = press(shown, key);
      expect([key, viewOf(left).kind, left.isLeaving, left.dialog]).toEqual([key, 'list', false, undefined]);
      expect(update(left, { kind: 'output', source: outputOf(shown).source, text: 'late' })).toBe(left);
    }
    const asked = press(shown, 'K');
    expect(asked.dialog).toMatchObject({ kind: 'choose', targets: [{ id: 'own' }] });
    expect(press(asked, '^c')).toEqual(shown);
    expect(press(shown, 'x').dialog).toMatchObject({ kind: 'confirm', targets: [{ id: 'own' }] });
    for (const key of ['K', 'x']) expect(press({ ...shown, readOnly: true }, key).dialog).toBeUndefined();
    const end = { text: 'ended with status 7' };
    const over = update(shown, { kind: 'output-ended', source: outputOf(shown).source, end });
    expect(outputState(outputOf(over)).text).toBe('ended with status 7');
    for (const key of ['K', 'x']) expect(press(over, key).dialog).toBeUndefined();
    expect(viewOf(press(over, '^c')).kind).toBe('list');
  });

  it('leaves a prompt and a dialog with ^c as with esc, and quits with it everywhere else', () => {
    const list = press(showing(rows), 'space');
    for (const way of [['/', 'b'], [':', 'to'], ['?'], ['x']]) {
      const there = press(list, ...way);
      expect([way, press(there, '^c')]).toEqual([way, press(there, 'esc')]);
      expect(press(there, '^c').isLeaving).toBe(false);
    }
    for (const state of [list, press(list, 'enter'), onScreenOf(['1'])])
      expect(press(state, '^c').isLeaving).toBe(true);
    const acting = press(list, 'x', 'y');
    expect(workingOf(press(acting, '^c')).isStopping).toBe(true);
    expect([press(acting, '^c').isLeaving, press(acting, '^c', '^c').isLeaving]).toEqual([false, true]);
    expect(press(acting, 'esc', 'esc').isLeaving).toBe(false);
  });

  it('is suspended, and continues', () => {
    const stopped = press(showing(rows), '^z');
    expect([stopped.isSuspending, update(stopped, { kind: 'returned' }).isSuspending]).toEqual([true, false]);
  });

  it('marks all rows that the filter shows, adds those of another filter, and unmarks all', () => {
    const all = press(showing(rows), '*');
    const more = press(listed(press(all, '/', 'd', 'enter'), [tokenRow('d')]), '*');
    const targets = [...listShown(more).window.marked.keys()];
    expect(targets).toEqual(['a', 'b', 'c', 'd']);
    expect(press(more, 'x').dialog).toMatchObject({ targets: targets.map((id) => ({ id })) });
    expect(listShown(press(more, 'u')).window.marked.size).toBe(0);
  });

  it('asks the server for the rows to mark when not all are loaded', () => {
    const state = showing(rows);
    const { query: asked, window } = listShown(state);
    const long = update(state, { kind: 'rows', query: asked, asked: window.wanted, rows, total: 5000 });
    const { job } = workingOf(press(long, '*'));
    expect(job).toMatchObject({ kind: 'mark', query: asked, total: 5000 });
    const marked = update(press(long, '*'), { kind: 'marked', job, targets: [{ id: 'z', title: 'z' }] });
    expect(marked.dialog?.kind).toBe('working'); // another's
    const own = press(long, '*');
    const end = update(own, { kind: 'marked', job: workingOf(own).job, targets: [{ id: 'z', title: 'z' }] });
    expect([end.dialog, [...listShown(end).window.marked.keys()]]).toEqual([undefined, ['z']]);
  });

  it('says in the question what would end, as soon as the server has answered', () => {
    const asked = press(showing(rows), 'x');
    const text = (state: State) => state.dialog && dialogLines(state, state.dialog).join(' ');
    expect(text(asked)).toContain('Asking the server what would end …');
    const targets = asked.dialog?.kind === 'confirm' ? asked.dialog.targets : [];
    const previewed = (preview: Receipt | string) =>
      text(update(asked, { kind: 'previewed', targets, preview }));
    const two = { jtis: ['a', 'b'], links: ['l'] };
    const sessions = ['1', '2', '3'];
    const running = (...ids: string[]) => ({
      keptSessions: ids,
      stillRunning: [...ids.map((sessionId) => ({ sessionId })), { socket: 'another link' }],
    });
    expect(previewed(Receipt.fromPartial({ ...two, ...running(...sessions) }))).toContain(
      'Ends 2 tokens and 1 link. 3 sessions keep running.',
    );
    expect(previewed(Receipt.fromPartial({ ...two, sessions }))).toContain(
      'Ends 2 tokens, 1 link and 3 running sessions.',
    );
    expect(previewed(Receipt.fromPartial({ ...two, sessions, ...running('4') }))).toContain(
      'Ends 2 tokens, 1 link and 3 running sessions. 1 session keeps running.',
    );
    expect(previewed(Receipt.fromPartial({ jtis: ['a'] }))).toContain(
      'Ends 1 token. No session runs with it.',
    );
    expect(previewed(Receipt.create())).toContain('It no longer exists.');
    expect(previewed('the server is away')).toContain('It is unknown what would end: the server is away');
    expect(update(asked, { kind: 'previewed', targets: [], preview: '' })).toBe(asked);
    const unknown = update(asked, { kind: 'previewed', targets, preview: 'the server is away' });
    expect(press(unknown, 'y').dialog).toMatchObject({ kind: 'working', job: { targets } });
  });

  it('offers to end the sessions that would keep running, and only then (X1)', () => {
    const asked = press(showing(rows), 'x');
    const targets = asked.dialog?.kind === 'confirm' ? asked.dialog.targets : [];
    const previewed = (preview: object) =>
      update(asked, { kind: 'previewed', targets, preview: Receipt.fromPartial(preview) });
    const kept = previewed({ jtis: ['a'], keptSessions: ['1', '2'] });
    const shown = kept.dialog && dialogLines(kept, kept.dialog).join('\n');
    expect(shown).toMatch(/^y revoke · e revoke and end 2 sessions$/m);
    expect(press(kept, 'e').dialog).toMatchObject({ kind: 'working', job: { targets, endSessions: true } });
    expect(press(kept, 'y').dialog).toMatchObject({ kind: 'working', job: { endSessions: false } });
    const none = previewed({ jtis: ['a'] });
    expect(press(none, 'e').dialog).toBe(none.dialog);
    expect(press(asked, 'e').dialog).toBe(asked.dialog);
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
    const { job } = workingOf(acting);
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
      job: workingOf(acting).job,
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
