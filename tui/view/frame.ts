/** Draws the frame of every screen: login and server, tabs, title, prompt, and keys. */
import { inert } from '../../src/inert.ts';
import { displayWidth, truncate } from '../../src/terminal/display-width.ts';
import { bindingsAt, type Command, focusOf } from '../state/keys.ts';
import { screensMatching } from '../state/prompt.ts';
import {
  type Connection,
  type ListView,
  listOf,
  type State,
  screenOf,
  type View,
  viewOf,
} from '../state/state.ts';
import { tabsOf } from '../state/tabs.ts';
import { positionOf } from '../state/window.ts';
import { spread } from './line.ts';
import type { Appearance, Style } from './theme.ts';

const FOREMOST: ReadonlySet<Command> = new Set(['help', 'act']);
const NUMBER = new Intl.NumberFormat('en');

/** Returns two lines. */
export function header(state: State, appearance: Appearance): string[] {
  const { who, size, connection } = state;
  const [word, style] = connectionWord(connection);
  const [left, right] = spread(
    `Latchkey  ${inert(who.login)} (${role(state)})  ${who.server}`,
    word,
    size.columns,
  );
  return [
    appearance.paint(appearance.plain(left), 'title') + appearance.paint(appearance.plain(right), style),
    tabs(state, appearance),
  ];
}

/** "admin"; "admin, read-only" */
export function role({ who, readOnly }: State): string {
  return readOnly ? `${who.role}, read-only` : who.role;
}

export function connectionWord(connection: Connection): [string, Style | undefined] {
  switch (connection.kind) {
    case 'connecting':
      return ['○ connecting', 'dim'];
    case 'live':
      return ['● live', 'good'];
    case 'lost':
      return ['○ reconnecting', 'bad'];
    case 'refused':
      return ['○ not connected', 'bad'];
    case 'ended':
      return ['○ login ended', 'bad'];
  }
}

function tabs(state: State, appearance: Appearance): string {
  const current = screenOf(viewOf(state));
  return tabsOf(state)
    .map(({ screen, text }) =>
      appearance.paint(appearance.plain(text), screen === current ? 'current' : undefined),
    )
    .join('');
}

/** "Tokens of alice · filter "x" · 3 of 1,200 · 2 marked", or what is open. */
export function title(state: State, appearance: Appearance): string {
  const view = viewOf(state);
  const text = about(view);
  return appearance.paint(appearance.plain(truncate(text, state.size.columns)), 'heading');
}

export function about(view: View): string {
  if (view.kind === 'board') return view.screen.name;
  if (view.kind === 'output') return inert(view.source.target.title);
  return view.open === undefined ? aboutList(view) : inert(view.open.row.title);
}

function aboutList({ query, window }: ListView): string {
  const { login, linuxUser, everyone } = query.scope;
  const whose = login ?? linuxUser;
  const parts = [
    whose === undefined ? query.screen.name : `${query.screen.name} of ${inert(whose)}`,
    ...(everyone && whose === undefined ? ['everyone'] : []),
    ...(query.filter === '' ? [] : [`filter "${inert(query.filter)}"`]),
    window.isLoaded ? count(window.rows.length === 0 ? 0 : positionOf(window), window.total) : '…',
    ...(window.marked.size === 0 ? [] : [`${window.marked.size} marked`]),
  ];
  return parts.join(' · ');
}

function count(at: number, total: number): string {
  return total === 0 ? 'none' : `${NUMBER.format(at)} of ${NUMBER.format(total)}`;
}

/** Returns two lines: the prompt or a note, and the keys. */
export function footer(state: State, appearance: Appearance): string[] {
  const { columns } = state.size;
  const [text, style] = statusLine(state);
  return [
    appearance.paint(appearance.plain(truncate(text, columns)), style),
    appearance.paint(appearance.plain(hints(state)), 'dim'),
  ];
}

/** Returns as many key hints as fit: first the help key, then the actions. */
function hints(state: State): string {
  if (state.prompt !== undefined)
    return state.prompt.kind === 'filter' ? 'enter ok  esc clear' : 'enter go  esc cancel';
  const known = bindingsAt(state, focusOf(state))
    .toSorted((a, b) => Number(FOREMOST.has(b.command)) - Number(FOREMOST.has(a.command)))
    .flatMap(({ keys: [key], short }) => (short === undefined ? [] : [`${key} ${short}`]));
  let line = '';
  for (const hint of known)
    if (displayWidth(line) + 2 + displayWidth(hint) <= state.size.columns)
      line += line === '' ? hint : `  ${hint}`;
  return line;
}

export function statusLine(state: State): [string, Style | undefined] {
  const { prompt, dialog, note, connection } = state;
  if (prompt?.kind === 'filter') {
    const searchedFields = listOf(state)?.query.screen.searchedFields;
    return [`/${prompt.text}_ ${prompt.text === '' ? `(${searchedFields})` : ''}`, undefined];
  }
  if (prompt?.kind === 'jump') {
    const names = screensMatching(prompt.text, state.who).map(({ name }) => name);
    return [`:${prompt.text}_ ${names.length === 0 ? 'no such screen' : names.join('  ')}`, undefined];
  }
  if (dialog?.kind === 'choose') return [`${dialog.asks.what}: ${inert(dialog.text)}_`, undefined];
  if (note !== '') return [inert(note), undefined];
  if (connection.kind === 'lost') return [`Reconnecting: ${inert(connection.why)}`, 'bad'];
  return connection.kind === 'refused' ? [inert(connection.why), 'bad'] : ['', undefined];
}
