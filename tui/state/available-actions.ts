/** What may be done here, and to what. Nothing else is offered. */
import type { Action, Target } from '../screen.ts';
import { listOf, type State } from './state.ts';
import { rowAt } from './window.ts';

/** The actions of the screen that could be done now to something. */
export function availableActions(state: State): Action[] {
  const actions = listOf(state)?.query.screen.actions ?? [];
  return actions.filter((action) => targetsOf(state, action).length > 0);
}

/** What `action` would be done to: the open row, else what is marked, else the row under the cursor. */
export function targetsOf(state: State, action: Action): Target[] {
  const view = listOf(state);
  if (view === undefined) return [];
  const { window, open } = view;
  const here = open?.row ?? rowAt(window);
  const isMany = action.kind !== 'show' && open === undefined && window.marked.size > 0;
  const meant = isMany ? [...window.marked.values()] : here === undefined ? [] : [here];
  return meant.filter((target) => isAllowed(state, action, target));
}

/**
 * What a session prints is its owner's alone, whatever the role; all else the server has left out
 * already.
 */
function isAllowed({ who, readOnly }: State, action: Action, { login, can }: Target): boolean {
  if (action.kind === 'show' && login !== who.login) return false;
  if (readOnly && !(action.kind === 'show' && action.changesNothing)) return false;
  return can === undefined || can.includes(action.verb);
}
