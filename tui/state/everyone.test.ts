import { expect, it } from 'vitest';
import { Login } from '../../src/generated/latchkey/v1/token.ts';
import { listed, listShown, press } from '../../test/support/terminal/dashboard-state.ts';
import { logins } from '../screens/logins.ts';
import { tokens } from '../screens/tokens.ts';
import { about } from '../view/frame.ts';
import { bindingsAt } from './keys.ts';
import { initialState, type State, viewOf } from './state.ts';

function shownTo(role: string, screen = logins): State {
  const who = { login: 'max', jti: 'own', role, server: 'host:7300' };
  return listed(initialState(who, screen, false, { columns: 80, rows: 24 }), []);
}

const keysOf = (state: State): string[] => bindingsAt(state, 'list').flatMap(({ keys }) => keys);

it('shows managers everyone who ever logged in, and only who is logged in again (F28)', () => {
  const state = press(shownTo('manager'), '/', 'x', 'enter');
  const all = press(state, 'a');
  expect(listShown(all).query).toMatchObject({ scope: { everyone: true }, filter: 'x' });
  expect(about(viewOf(all))).toContain('Logins · everyone · filter "x"');
  const again = press(all, 'a');
  expect(listShown(again).query).toEqual(listShown(state).query);
  expect(about(viewOf(again))).not.toContain('everyone');
});

it('offers everyone to managers, where there are logins', () => {
  expect(keysOf(shownTo('admin'))).toContain('a');
  for (const state of [shownTo('user'), shownTo('manager', tokens)]) {
    expect(keysOf(state)).not.toContain('a');
    expect(press(state, 'a')).toEqual(state);
  }
});

it('offers to log out only those who are logged in', async () => {
  const state = shownTo('manager');
  const items = [0, 1].map((count) => Login.fromPartial({ login: `has-${count}`, tokens: count }));
  const asked: unknown[] = [];
  const listLogins = async (request: object) => {
    asked.push(request);
    return { logins: items, nextPageToken: '', totalSize: 2 };
  };
  const { query } = listShown(press(state, 'a'));
  const request = { query, pageSize: 9, pageToken: '', signal: new AbortController().signal };
  const page = await logins.page({ tokens: { listLogins } } as never, request);
  expect(asked).toMatchObject([{ everyone: true }]);
  const shown = listed(state, page.items);
  expect(keysOf(shown)).not.toContain('x');
  expect(keysOf(press(shown, 'j'))).toContain('x');
});
