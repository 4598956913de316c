import { describe, expect, it } from 'vitest';
import { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import {
  linksOf,
  listed,
  listShown,
  onScreenOf,
  outputShown,
  press,
  printed,
  sessionRow,
  sessionsOf,
  showing,
  tokenRow,
  workingOn,
} from '../../test/support/terminal/dashboard-state.ts';
import type { Row } from '../screen.ts';
import { draw } from '../view/draw.ts';
import { appearanceOf } from '../view/theme.ts';
import { dialogLines } from './dialog-text.ts';
import { bindingsAt } from './keys.ts';
import { outputState } from './output.ts';
import { type State, viewOf } from './state.ts';
import { update } from './update.ts';

const rows = [tokenRow('a', 'alice'), tokenRow('b', 'bob'), tokenRow('c', 'carol')];

describe('an action of the dashboard', () => {
  it('says when a question is about the login in use', () => {
    const own = showing([{ ...tokenRow('a', 'root'), endsOwnConnection: true }, tokenRow('b', 'bob')]);
    const lines = (state: State): string => (state.dialog ? dialogLines(state, state.dialog).join(' ') : '');
    expect(lines(press(own, 'x'))).toContain('the login that you are using: the dashboard will end');
    expect(lines(press(own, 'j', 'x'))).not.toContain('you are using');
  });

  it('says when a question is about the own link, or about one that the own token ends with', async () => {
    const warning = 'the login that you are using: the dashboard will end';
    const asked = press(await linksOf(['own.sock', 'own-token'], ['other.sock', 'other-token']), 'x');
    const text = (state: State): string => (state.dialog ? dialogLines(state, state.dialog).join(' ') : '');
    expect(text(asked)).toContain(warning);
    const other = press(asked, 'n', 'j', 'x');
    expect(text(other)).not.toContain('you are using');
    const targets = other.dialog?.kind === 'confirm' ? other.dialog.targets : [];
    const ending = (...jtis: string[]) =>
      text(update(other, { kind: 'previewed', targets, preview: Receipt.fromPartial({ jtis }) }));
    expect(ending('other-token')).not.toContain('you are using');
    expect(ending('other-token', 'own-token')).toContain(warning);
  });

  it.each([
    [
      'a link of the own token',
      () => linksOf(['other.sock', 'other-token'], ['own.sock', 'own-token']),
      [false, true],
    ],
    [
      'a token, as the server says',
      () => showing([false, true].map((is) => ({ ...tokenRow(`${is}`, 'root'), endsOwnConnection: is }))),
      [false, true],
    ],
    [
      'a login',
      () => showing(['alice', 'root'].map((login) => ({ ...tokenRow(login), login }))),
      [false, true],
    ],
  ] as const)(
    'knows which of its rows ends its own connection, to end it last: %s',
    async (_what, list, wanted) => {
      const { job } = workingOn(press(await list(), 'space', 'space', 'x', 'y'));
      if (job.kind !== 'end') throw new Error('nothing ends');
      expect(job.targets.map(({ endsOwnConnection }) => endsOwnConnection)).toEqual(wanted);
    },
  );

  it('ends the marked rows only after y, and shows the receipt', () => {
    const asked = press(showing(rows), 'space', 'space', 'x');
    expect(asked.dialog).toMatchObject({ kind: 'confirm', targets: [{ id: 'a' }, { id: 'b' }] });
    for (const key of ['n', 'esc', 'q']) expect(press(asked, key).dialog).toBeUndefined();
    for (const key of ['enter', 'x', 'j']) expect(press(asked, key).dialog?.kind).toBe('confirm');
    const acting = press(asked, 'y');
    const { job } = workingOn(acting);
    expect(workingOn(press(acting, 'y', 'j'))).toEqual({ kind: 'working', job, done: 0, isStopping: false });
    expect(workingOn(press(acting, 'esc')).isStopping).toBe(true);
    const half = update(acting, { kind: 'progress', job, done: 1 });
    expect(workingOn(half).done).toBe(1);
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
      const { job } = workingOn(press(asked, ...keys));
      return job.kind === 'send' ? [job.choice, job.targets.map(({ id }) => id)] : job;
    };
    expect(sent('enter')).toEqual(['TERM', ['a', 'c']]);
    expect(sent('down', 'down', 'enter')).toEqual(['HUP', ['a', 'c']]);
    expect(sent('s', 'i', 'g', 'u', 's', 'down', 'enter')).toEqual(['USR2', ['a', 'c']]);
    expect(sent('1', '5', 'enter')).toEqual(['15', ['a', 'c']]);
    expect(sent('x', 'backspace', 'w', 'i', 'n', 'c', 'h', 'enter')).toEqual(['WINCH', ['a', 'c']]);
    expect(press(asked, 'k', 'esc').dialog).toBeUndefined();
    const done = press(asked, 'enter');
    const told = update(done, { kind: 'finished', job: workingOn(done).job, text: 'Sent TERM' });
    expect([told.dialog, told.note, listShown(told).window.marked.size]).toEqual([undefined, 'Sent TERM', 3]);
  });

  it('takes a typed signal of limited length', () => {
    const list = sessionsOf([sessionRow('own', 'root', ['signal'])]);
    const long = press(list, 'K', ...Array.from({ length: 100 }, () => 'x'));
    expect(long.dialog).toMatchObject({ kind: 'choose', text: 'x'.repeat(20) });
  });

  it('shows the output of one session of the caller, which ^c, q and esc only leave', () => {
    const list = sessionsOf([sessionRow('own', 'root', ['end', 'signal', 'follow', 'read'])]);
    const shown = printed(press(list, 'space', 'f'), 'one\ntwo\n');
    expect(viewOf(shown)).toMatchObject({ kind: 'output', source: { action: { verb: 'follow' } } });
    for (const key of ['^c', 'q', 'esc', 'h']) {
      const left = press(shown, key);
      expect([key, viewOf(left).kind, left.isLeaving, left.dialog]).toEqual([key, 'list', false, undefined]);
      expect(update(left, { kind: 'output', source: outputShown(shown).source, text: 'late' })).toBe(left);
    }
    const asked = press(shown, 'K');
    expect(asked.dialog).toMatchObject({ kind: 'choose', targets: [{ id: 'own' }] });
    expect(press(asked, '^c')).toEqual(shown);
    expect(press(shown, 'x').dialog).toMatchObject({ kind: 'confirm', targets: [{ id: 'own' }] });
    for (const key of ['K', 'x']) expect(press({ ...shown, readOnly: true }, key).dialog).toBeUndefined();
    const end = { text: 'ended with status 7' };
    const over = update(shown, { kind: 'output-ended', source: outputShown(shown).source, end });
    expect(outputState(outputShown(over)).text).toBe('ended with status 7');
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
    expect(workingOn(press(acting, '^c')).isStopping).toBe(true);
    expect([press(acting, '^c').isLeaving, press(acting, '^c', '^c').isLeaving]).toEqual([false, true]);
    expect(press(acting, 'esc', 'esc').isLeaving).toBe(false);
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
    const { job } = workingOn(press(long, '*'));
    expect(job).toMatchObject({ kind: 'mark', query: asked, total: 5000 });
    const marked = update(press(long, '*'), { kind: 'marked', job, targets: [{ id: 'z', title: 'z' }] });
    expect(marked.dialog?.kind).toBe('working'); // another's
    const own = press(long, '*');
    const end = update(own, { kind: 'marked', job: workingOn(own).job, targets: [{ id: 'z', title: 'z' }] });
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
});

describe('a long dialog', () => {
  const size = { columns: 60, rows: 15 };
  const list = showing(rows, { size });
  const acting = press(list, 'x', 'y');
  const lines = Array.from({ length: 80 }, (_, at) => `line ${at}`);
  const report = update(acting, { kind: 'report', job: workingOn(acting).job, title: 'Receipt', lines });

  it.each([
    ['help', press(list, '?')],
    ['receipt', report],
  ])('is scrolled from its first line to its last, and no further: %s', (_what, dialog) => {
    const all = dialog.dialog ? dialogLines(dialog, dialog.dialog) : [];
    const shown = (state: State): string[] => draw(state, 0, appearanceOf('none', false)).slice(4, -2);
    const height = size.rows - 6;
    expect(all.length).toBeGreaterThan(height + 1);
    for (const up of ['g', 'k', 'pgup']) expect(shown(press(dialog, up))).toEqual(all.slice(0, height));
    const many = Array.from({ length: 200 }, () => 'j');
    for (const down of [['G'], many, [...many, 'pgdn'], ['pgdn', 'G', 'j']]) {
      const end = press(dialog, ...down);
      expect(shown(end)).toEqual(all.slice(-height));
      expect(shown(press(end, 'k'))).toEqual(all.slice(-height - 1, -1));
      expect(shown(press(end, 'g', 'j'))).toEqual(all.slice(1, height + 1));
    }
  });
});
