/** States of the dashboard to begin a test with. */
import { Link } from '../../../src/generated/latchkey/v1/link.ts';
import type { Row } from '../../../tui/screen.ts';
import { links as linkScreen } from '../../../tui/screens/links.ts';
import { sessions } from '../../../tui/screens/sessions.ts';
import { tokens } from '../../../tui/screens/tokens.ts';
import type { OutputView } from '../../../tui/state/output.ts';
import {
  type Dialog,
  initialState,
  type ListView,
  listOf,
  type Size,
  type State,
  viewOf,
} from '../../../tui/state/state.ts';
import { type Event, update } from '../../../tui/state/update.ts';

const WHO = { login: 'root', jti: 'own-token', role: 'admin', server: 'host:7300' };

export function tokenRow(id: string, login = 'alice'): Row {
  return {
    id,
    title: `token ${id} of ${login}`,
    cells: [id, login, login, 'link', new Date(0), new Date(3_600_000), 'vm'],
    fields: [
      { name: 'token', value: id },
      { name: 'login', value: login, reference: { screen: sessions.name, scope: { login } } },
      {
        name: 'Linux user',
        value: login,
        reference: { screen: linkScreen.name, scope: { linuxUser: login } },
      },
      { name: 'host', value: '' },
    ],
  };
}

/** Returns a state that shows tokens with these ids. */
export function showing(
  rows: readonly Row[],
  { readOnly = false, size = { columns: 80, rows: 24 } }: { readOnly?: boolean; size?: Size } = {},
): State {
  return listed(initialState(WHO, tokens, readOnly, size), rows);
}

/** Returns the state before the first answer. */
export function onScreenOf(keys: readonly string[]): State {
  return press(initialState(WHO, tokens, false, { columns: 80, rows: 24 }), ...keys);
}

export function sessionRow(id: string, login: string, can: readonly string[]): Row {
  return { id, title: id, login, can, cells: [id], fields: [{ name: 'session', value: id }] };
}

export function sessionsOf(rows: readonly Row[], readOnly = false): State {
  return listed(initialState(WHO, sessions, readOnly, { columns: 80, rows: 24 }), rows);
}

/** Resolves with a state that shows links with these ids and tokens, as a server would list them. */
export async function linksOf(...given: readonly (readonly [socket: string, jti: string])[]): Promise<State> {
  const items = given.map(([socket, jti]) => Link.fromPartial({ socket, jti, linuxUser: 'root' }));
  const listLinks = async () => ({ links: items, nextPageToken: '', totalSize: items.length });
  const state = initialState(WHO, linkScreen, false, { columns: 80, rows: 24 });
  const { signal } = new AbortController();
  const request = { query: listShown(state).query, pageSize: 1000, pageToken: '', signal };
  const page = await linkScreen.page({ links: { listLinks } } as never, request);
  return listed(state, page.items);
}

export function listed(state: State, rows: readonly Row[]): State {
  const { query, window } = listShown(state);
  return update(state, { kind: 'rows', query, asked: window.wanted, rows, total: rows.length });
}

export function press(state: State, ...keys: string[]): State {
  return keys.map((key): Event => ({ kind: 'key', key })).reduce(update, state);
}

/** Returns the list on the screen; there must be one. */
export function listShown(state: State): ListView {
  const view = listOf(state);
  if (view === undefined) throw new Error('no list is shown');
  return view;
}

/** Returns the output on the screen; there must be one. */
export function outputShown(state: State): OutputView {
  const view = viewOf(state);
  if (view.kind !== 'output') throw new Error('no output is shown');
  return view;
}

/** Adds what the session on the screen has printed. */
export function printed(state: State, text: string): State {
  return update(state, { kind: 'output', source: outputShown(state).source, text });
}

/** Returns the dialog of the job under way; there must be one. */
export function workingOn({ dialog }: State): Extract<Dialog, { kind: 'working' }> {
  if (dialog?.kind !== 'working') throw new Error('nothing is being done');
  return dialog;
}
