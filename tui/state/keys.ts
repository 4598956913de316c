/** The key table, similar to k9s, lazygit and htop. Both the help and the effect of keys come from it. */
import { screensFor } from '../screens/all.ts';
import { availableActions } from './available-actions.ts';
import { listOf, type State, viewOf } from './state.ts';

export type Command =
  | 'down'
  | 'up'
  | 'pageDown'
  | 'pageUp'
  | 'first'
  | 'last'
  | 'open'
  | 'back'
  | 'filter'
  | 'jump'
  | 'sort'
  | 'sortBack'
  | 'turn'
  | 'mark'
  | 'markAll'
  | 'unmarkAll'
  | 'act'
  | 'screen'
  | 'nextScreen'
  | 'previousScreen'
  | 'help'
  | 'suspend'
  | 'quit'
  | 'yes'
  | 'stop'
  | 'choose';

/** The part of the dashboard that receives the keys. */
export type Place =
  | 'list'
  | 'open'
  | 'board'
  | 'help'
  | 'confirm'
  | 'choose'
  | 'working'
  | 'report'
  | 'ended';

export interface Binding {
  readonly keys: readonly string[];
  readonly command: Command;
  readonly help: string;
  readonly places: readonly Place[];
  /** Short text for the bottom line. */
  readonly short?: string;
}

const FOR_ROWS: ReadonlySet<Command> = new Set<Command>([
  'down',
  'up',
  'pageDown',
  'pageUp',
  'first',
  'last',
  'open',
  'mark',
  'markAll',
]);
const ROWS: readonly Place[] = ['list', 'open'];
const SCREENS: readonly Place[] = ['list', 'open', 'board'];
const LEAVING: readonly Place[] = [...SCREENS, 'ended'];
const MOVING: readonly Place[] = ['list', 'open', 'help', 'report'];

/** The keys, named as in key-names.ts. */
const BINDINGS: readonly Binding[] = [
  { keys: ['?'], command: 'help', help: 'this help', places: SCREENS, short: 'help' },
  { keys: ['q', '^c'], command: 'quit', help: 'quit', places: LEAVING, short: 'quit' },
  { keys: ['j', 'down'], command: 'down', help: 'one line down', places: MOVING },
  { keys: ['k', 'up'], command: 'up', help: 'one line up', places: MOVING },
  { keys: ['pgdn', '^f'], command: 'pageDown', help: 'one page down', places: MOVING },
  { keys: ['pgup', '^b'], command: 'pageUp', help: 'one page up', places: MOVING },
  { keys: ['g', 'home'], command: 'first', help: 'the first line', places: MOVING },
  { keys: ['G', 'end'], command: 'last', help: 'the last line', places: MOVING },
  {
    keys: ['enter', 'l', 'right'],
    command: 'open',
    help: 'open it; follow the line',
    places: ROWS,
    short: 'open',
  },
  {
    keys: ['esc', 'h', 'left'],
    command: 'back',
    help: 'back; drop filter, marks',
    places: MOVING,
    short: 'back',
  },
  { keys: ['/'], command: 'filter', help: 'filter as you type', places: ['list'], short: 'filter' },
  { keys: ['>', 's'], command: 'sort', help: 'sort by the next column', places: ['list'] },
  { keys: ['<'], command: 'sortBack', help: 'sort by the one before', places: ['list'] },
  { keys: ['S'], command: 'turn', help: 'turn the order round', places: ['list'] },
  { keys: ['space'], command: 'mark', help: 'mark the row, or no more', places: ['list'], short: 'mark' },
  { keys: [], command: 'act', help: 'the actions of the screen', places: ROWS },
  { keys: ['*'], command: 'markAll', help: 'mark all that match', places: ['list'] },
  { keys: ['u'], command: 'unmarkAll', help: 'mark nothing any more', places: ['list'] },
  {
    keys: [],
    command: 'screen',
    help: 'that screen',
    places: SCREENS,
  },
  { keys: ['tab'], command: 'nextScreen', help: 'the next screen', places: SCREENS },
  { keys: ['shift-tab'], command: 'previousScreen', help: 'the screen before', places: SCREENS },
  { keys: [':'], command: 'jump', help: 'go to a screen by name', places: SCREENS, short: 'go to' },
  { keys: ['^z'], command: 'suspend', help: 'to the shell; fg returns', places: LEAVING },
  { keys: ['y'], command: 'yes', help: 'do it', places: ['confirm'], short: 'yes' },
  { keys: ['n', 'esc'], command: 'back', help: 'leave it', places: ['confirm'], short: 'no' },
  { keys: ['enter', '?'], command: 'back', help: 'close', places: ['help', 'report'] },
  { keys: ['q'], command: 'back', help: 'close', places: ['help', 'report', 'confirm'] },
  { keys: ['esc'], command: 'stop', help: 'stop', places: ['working'], short: 'stop' },
  { keys: ['up', 'down'], command: 'choose', help: 'choose', places: ['choose'], short: 'or down choose' },
  { keys: ['enter'], command: 'choose', help: 'send it', places: ['choose'], short: 'send' },
  { keys: ['esc'], command: 'choose', help: 'leave it', places: ['choose'], short: 'leave' },
  { keys: ['^c'], command: 'quit', help: 'quit', places: ['help', 'report', 'confirm', 'choose', 'working'] },
];

export function focusOf(state: State): Place {
  return state.dialog?.kind ?? focusBehind(state);
}

/** Returns the keys that the help lists: those of the view behind it. */
export function helpBindings(state: State): Binding[] {
  return bindingsAt(state, focusBehind(state));
}

function focusBehind(state: State): Place {
  const view = viewOf(state);
  if (view.kind === 'board') return 'board';
  return view.open === undefined ? 'list' : 'open';
}

/** Returns the keys that have an effect at `place`, without actions that are not permitted. */
export function bindingsAt(state: State, place: Place): Binding[] {
  return BINDINGS.filter(({ places }) => places.includes(place)).flatMap((binding) =>
    binding.command === 'act'
      ? actionBindings(state)
      : [binding.command === 'screen' ? tabs(state, binding) : binding],
  );
}

function tabs({ who }: State, binding: Binding): Binding {
  return { ...binding, keys: screensFor(who).map((_, at) => `${at + 1}`) };
}

function actionBindings(state: State): Binding[] {
  return availableActions(state).map(({ kind, key, verb }) => {
    const how = kind === 'show' ? 'and come back here' : 'the marked, or this';
    return { keys: [key], command: 'act', help: `${verb} ${how}`, places: ROWS, short: verb };
  });
}

export function commandFor(state: State, key: string): Command | undefined {
  return bindingsAt(state, focusOf(state)).find(({ keys }) => keys.includes(key))?.command;
}

/** True when `key` has no meaning without rows. */
export function isForRows(state: State, key: string): boolean {
  if (listOf(state)?.query.screen.actions.some((action) => action.key === key)) return true;
  return FOR_ROWS.has(commandFor(state, key) ?? 'help');
}
