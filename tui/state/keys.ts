/** The key table, similar to k9s, lazygit and htop. Both the help and the effect of keys come from it. */
import { count } from '../../src/terminal/format.ts';
import { isManager } from '../screen.ts';
import { screensFor } from '../screens/all.ts';
import { availableActions } from './available-actions.ts';
import { keptSessions, listOf, type State, viewOf } from './state.ts';

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
  | 'reverse'
  | 'everyone'
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
  | 'yesEndSessions'
  | 'stop'
  | 'choose';

/** The part of the dashboard that receives the keys. */
export type Focus =
  | 'list'
  | 'open'
  | 'board'
  | 'output'
  | 'help'
  | 'confirm'
  | 'change'
  | 'choose'
  | 'working'
  | 'report'
  | 'ended';

export interface Binding {
  readonly keys: readonly string[];
  readonly command: Command;
  readonly help: string;
  readonly focus: readonly Focus[];
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
const ROWS: readonly Focus[] = ['list', 'open'];
const SCREENS: readonly Focus[] = ['list', 'open', 'board', 'output'];
const LEAVING: readonly Focus[] = ['list', 'open', 'board', 'ended'];
const ASKING: readonly Focus[] = ['confirm', 'change'];
const MOVING: readonly Focus[] = ['list', 'open', 'output', 'help', 'report'];

/** The keys, named as in key-names.ts. */
const BINDINGS: readonly Binding[] = [
  { keys: ['?'], command: 'help', help: 'this help', focus: SCREENS, short: 'help' },
  { keys: ['q', '^c'], command: 'quit', help: 'quit', focus: LEAVING, short: 'quit' },
  { keys: ['j', 'down'], command: 'down', help: 'one line down', focus: MOVING },
  { keys: ['k', 'up'], command: 'up', help: 'one line up', focus: MOVING },
  { keys: ['pgdn', '^f'], command: 'pageDown', help: 'one page down', focus: MOVING },
  { keys: ['pgup', '^b'], command: 'pageUp', help: 'one page up', focus: MOVING },
  { keys: ['g', 'home'], command: 'first', help: 'the first line', focus: MOVING },
  { keys: ['G', 'end'], command: 'last', help: 'the last line', focus: MOVING },
  {
    keys: ['enter', 'l', 'right'],
    command: 'open',
    help: 'open; follow the line',
    focus: ROWS,
    short: 'open',
  },
  {
    keys: ['esc', 'h', 'left'],
    command: 'back',
    help: 'back; clear filter, marks',
    focus: MOVING,
    short: 'back',
  },
  { keys: ['/'], command: 'filter', help: 'filter as you type', focus: ['list'], short: 'filter' },
  { keys: ['>', 's'], command: 'sort', help: 'sort by the next column', focus: ['list'] },
  { keys: ['<'], command: 'sortBack', help: 'sort by the previous column', focus: ['list'] },
  { keys: ['S'], command: 'reverse', help: 'reverse the order', focus: ['list'] },
  {
    keys: ['a'],
    command: 'everyone',
    help: 'also show those who are not logged in',
    focus: ['list'],
    short: 'everyone',
  },
  { keys: ['space'], command: 'mark', help: 'mark or unmark the row', focus: ['list'], short: 'mark' },
  { keys: [], command: 'act', help: 'the actions of the screen', focus: [...ROWS, 'output'] },
  { keys: ['*'], command: 'markAll', help: 'mark all that match', focus: ['list'] },
  { keys: ['u'], command: 'unmarkAll', help: 'unmark all', focus: ['list'] },
  {
    keys: [],
    command: 'screen',
    help: 'go to that screen',
    focus: SCREENS,
  },
  { keys: ['tab'], command: 'nextScreen', help: 'the next screen', focus: SCREENS },
  { keys: ['shift-tab'], command: 'previousScreen', help: 'the previous screen', focus: SCREENS },
  { keys: [':'], command: 'jump', help: 'go to a screen by name', focus: SCREENS, short: 'go to' },
  { keys: ['^z'], command: 'suspend', help: 'to the shell; fg returns', focus: [...SCREENS, 'ended'] },
  { keys: ['y'], command: 'yes', help: 'do it', focus: ASKING, short: 'yes' },
  { keys: ['e'], command: 'yesEndSessions', help: 'do it, and end the sessions', focus: ['confirm'] },
  { keys: ['n', 'esc'], command: 'back', help: 'cancel', focus: ASKING, short: 'no' },
  { keys: ['enter', '?'], command: 'back', help: 'close', focus: ['help', 'report'] },
  { keys: ['q', '^c'], command: 'back', help: 'close', focus: ['help', 'report', ...ASKING, 'output'] },
  { keys: ['esc', '^c'], command: 'stop', help: 'stop', focus: ['working'], short: 'stop' },
  { keys: ['up', 'down'], command: 'choose', help: 'choose', focus: ['choose'], short: 'or down choose' },
  { keys: ['enter'], command: 'choose', help: 'send it', focus: ['choose'], short: 'send' },
  { keys: ['esc', '^c'], command: 'choose', help: 'cancel', focus: ['choose'], short: 'cancel' },
];

export function focusOf(state: State): Focus {
  return state.dialog?.kind ?? focusBehind(state);
}

/** Returns the keys that the help lists: those of the view that it covers. */
export function helpBindings(state: State): Binding[] {
  return bindingsAt(state, focusBehind(state));
}

function focusBehind(state: State): Focus {
  const view = viewOf(state);
  if (view.kind !== 'list') return view.kind;
  return view.open === undefined ? 'list' : 'open';
}

/** Returns the keys that have an effect in `focus`, without actions that are not permitted. */
export function bindingsAt(state: State, focus: Focus): Binding[] {
  return BINDINGS.filter((binding) => binding.focus.includes(focus)).flatMap((binding) => {
    switch (binding.command) {
      case 'act':
        return actionBindings(state);
      case 'screen':
        return [tabs(state, binding)];
      case 'yesEndSessions':
        return endSessionsBinding(state, binding);
      case 'everyone':
        return canShowEveryone(state) ? [binding] : [];
      case 'choose':
        return chooseBinding(state, binding);
      default:
        return [binding];
    }
  });
}

/** The key that ends the sessions, too, while the question is about some that would keep running. */
function endSessionsBinding({ dialog }: State, binding: Binding): Binding[] {
  const kept = dialog?.kind === 'confirm' ? keptSessions(dialog) : 0;
  if (dialog?.kind !== 'confirm' || kept === 0) return [];
  return [{ ...binding, short: `${dialog.action.verb} and end ${count(kept, 'session')}` }];
}

function canShowEveryone(state: State): boolean {
  return listOf(state)?.query.screen.hasEveryone === true && isManager(state.who);
}

/** Without choices there is none to move to, and what is typed is asked about before it has an effect. */
function chooseBinding({ dialog }: State, binding: Binding): Binding[] {
  if (dialog?.kind !== 'choose' || dialog.action.kind !== 'change') return [binding];
  if (binding.keys.includes('up')) return [];
  return [binding.keys.includes('enter') ? { ...binding, short: 'continue' } : binding];
}

function tabs({ who }: State, binding: Binding): Binding {
  return { ...binding, keys: screensFor(who).map((_, at) => `${at + 1}`) };
}

function actionBindings(state: State): Binding[] {
  const isOutput = viewOf(state).kind === 'output';
  return availableActions(state).map(({ kind, key, verb }) => {
    const help =
      kind === 'show' ? `${verb} its output` : isOutput ? `${verb} it` : `${verb} marked or this row`;
    return { keys: [key], command: 'act', help, focus: ROWS, short: verb };
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
