import { describe, expect, it } from 'vitest';
import { Cordon, Session, SessionState } from '../../src/generated/latchkey/v1/session.ts';
import {
  listed,
  listShown,
  outputShown,
  press,
  sessionRow,
  sessionsOf,
  workingOn,
} from '../../test/support/terminal/dashboard-state.ts';
import { sessions } from '../screens/sessions.ts';
import { draw } from '../view/draw.ts';
import { appearanceOf } from '../view/theme.ts';
import { dialogLines } from './dialog-text.ts';
import { bindingsAt } from './keys.ts';
import { initialState, type State } from './state.ts';
import { update } from './update.ts';

const CAN = ['end', 'signal', 'disconnect', 'cordon', 'follow', 'read'];
const SIZE = { columns: 80, rows: 24 };

/** Returns the sessions of a caller with this role, as the server would list them. */
async function shownTo(role: string, login: string, ...items: Partial<Session>[]): Promise<State> {
  const state = initialState({ login, jti: 'own', role, server: 'host:7300' }, sessions, false, SIZE);
  const all = items.map((item) => Session.fromPartial({ id: 's', login: 'alice', ...item }));
  const listSessions = async () => ({ sessions: all, nextPageToken: '', totalSize: all.length });
  const { signal } = new AbortController();
  const request = { query: listShown(state).query, pageSize: 1000, pageToken: '', signal };
  const page = await sessions.page({ sessions: { listSessions } } as never, request);
  return listed(state, page.items);
}

function actionKeys(state: State, focus: 'list' | 'open' = 'list'): string {
  return bindingsAt(state, focus)
    .flatMap(({ command, keys: [key] }) => (command === 'act' ? key : []))
    .join(' ');
}

const linesOf = (state: State): string =>
  state.dialog === undefined ? '' : dialogLines(state, state.dialog).join('\n');
const type = (text: string): string[] =>
  Array.from(text, (character) => (character === ' ' ? 'space' : character));

describe('the actions that keep people from a session', () => {
  const cordon = Cordon.fromPartial({ by: 'bob', message: 'why' });
  const running = { state: SessionState.RUNNING };
  const ended = { state: SessionState.ENDED };

  it.each([
    ['user', 'alice', running, 'x K d f r'],
    ['user', 'alice', { ...running, cordon }, 'x K'],
    ['user', 'alice', ended, 'r'],
    ['user', 'alice', { ...ended, cordon }, ''],
    ['manager', 'bob', running, 'x K d c'],
    ['manager', 'bob', { ...running, cordon }, 'x K C'],
    ['admin', 'alice', { ...running, cordon }, 'x K C'],
    ['admin', 'alice', { ...ended, cordon }, 'C'],
  ] as const)("are offered to %s %s on alice's with %j: %s", async (role, login, session, keys) => {
    const state = await shownTo(role, login, session);
    expect(actionKeys(state)).toBe(keys);
    expect(actionKeys(press(state, 'enter'), 'open')).toBe(keys);
    expect(actionKeys({ ...state, readOnly: true })).toBe(keys.replace(/[xKdcC] ?/g, '').trim());
  });

  it('are not offered where the output of a session is followed', () => {
    const followed = press(sessionsOf([sessionRow('own', 'root', CAN)]), 'f');
    expect(outputShown(followed).source.target.id).toBe('own');
    for (const key of ['d', 'c', 'C']) expect(press(followed, key)).toEqual(followed);
  });

  it('ask before anything is changed, and say what would be', () => {
    const asked = press(sessionsOf([sessionRow('a', 'alice', CAN), sessionRow('b', 'bob', CAN)]), '*', 'd');
    expect(asked.dialog).toMatchObject({ kind: 'change', targets: [{ id: 'a' }, { id: 'b' }], value: '' });
    expect(linesOf(asked)).toMatch(/^Asking the server what would change …\nThe session continues\. Who is/m);
    const targets = asked.dialog?.kind === 'change' ? asked.dialog.targets : [];
    const preview = ['Disconnects 2 clients.', 'Not possible for 1 row: \u001b[31mgone'];
    const answered = update(asked, { kind: 'change-previewed', targets, preview });
    expect(linesOf(answered)).toMatch(/^Disconnects 2 clients\.\nNot possible for 1 row: \\x1b\[31mgone$/m);
    expect(update(asked, { kind: 'change-previewed', targets: [], preview })).toBe(asked);
    expect(update(asked, { kind: 'previewed', targets, preview: '' })).toBe(asked);
    for (const key of ['n', 'esc', 'q', '^c']) expect(press(answered, key).dialog).toBeUndefined();
    for (const key of ['enter', 'e', 'd']) expect(press(answered, key)).toEqual(answered);
    expect(workingOn(press(answered, 'y')).job).toMatchObject({ kind: 'change', targets, value: '' });
  });

  it('take a message for the owner of a session that is cordoned, and do nothing without one', () => {
    const typing = press(sessionsOf([sessionRow('a', 'alice', CAN)]), 'c');
    const drawn = (state: State): string => draw(state, 0, appearanceOf('none', false)).join('\n');
    expect(drawn(typing)).toMatch(/Type why, in one line.*\nmessage: _ *\nenter continue {2}esc cancel$/s);
    expect(press(typing, 'enter')).toEqual(typing);
    expect(press(typing, 'space', 'enter').dialog?.kind).toBe('choose');
    expect(press(typing, 'esc').dialog).toBeUndefined();
    const written = press(typing, ...type('wrong'), '^u', ...type('an Audit👍'), 'backspace');
    expect(drawn(written)).toContain('message: an Audit_');
    const asked = press(written, 'enter');
    expect(asked.dialog).toMatchObject({ kind: 'change', value: 'an Audit' });
    expect(linesOf(asked)).toContain('The owner is shown: an Audit');
    expect(workingOn(press(asked, 'y')).job).toMatchObject({ kind: 'change', value: 'an Audit' });
    const long = press(typing, ...Array.from({ length: 400 }, () => 'x'), 'enter');
    expect(long.dialog).toMatchObject({ value: 'x'.repeat(300) });
  });

  it('give a session back to its owner, or for administrators to the login that they type (V3)', async () => {
    const session = { ...running, cordon };
    const manager = press(await shownTo('manager', 'bob', session), 'C');
    expect(manager.dialog).toMatchObject({ kind: 'change', value: '' });
    expect(linesOf(manager)).toContain('The owner can attach to the session and read its output again.');
    const typing = press(await shownTo('admin', 'root', session), 'C');
    expect(linesOf(typing)).toContain('Type the login that it goes to, or press enter');
    expect(press(typing, 'enter').dialog).toMatchObject({ kind: 'change', value: '' });
    const asked = press(typing, ...type('dora'), 'enter');
    expect(asked.dialog).toMatchObject({ kind: 'change', value: 'dora' });
    expect(linesOf(asked)).toContain('then belongs to dora, who has power over its Linux user');
  });
});
