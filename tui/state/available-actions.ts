/** The actions that are possible now, and the rows that they apply to. */
import type { Action, Target } from '../screen.ts';
import { type State, viewOf } from './state.ts';
import { rowAt } from './window.ts';

/** Returns the screen's actions that apply to at least one row. */
export function availableActions(state: State): Action[] {
  const view = viewOf(state);
  const actions =
    view.kind === 'board' ? [] : view.kind === 'list' ? view.query.screen.actions : view.screen.actions;
  return actions.filter((action) => targetsOf(state, action).length > 0);
}

/** Returns the rows that `action` applies to: the open row, the marked rows, or the row of the cursor. */
export function targetsOf(state: State, action: Action): Target[] {
  const view = viewOf(state);
  if (view.kind === 'board') return [];
  if (view.kind === 'output') {
    const isOffered = action.kind === 'end' || action.kind === 'send';
    return isOffered && !view.end && !state.readOnly ? [view.source.target] : [];
  }
  const { window, open } = view;
  const current = open?.row ?? rowAt(window);
  const isMany = action.kind !== 'show' && open === undefined && window.marked.size > 0;
  const candidates = isMany ? [...window.marked.values()] : current === undefined ? [] : [current];
  return candidates.filter((target) => isAllowed(state, action, target));
}

/**
 * Only the owner may read a session's output, whatever the role. Rows of which the caller may not do anything
 * else, the server has already omitted.
 */
function isAllowed({ who, readOnly }: State, action: Action, { login, can }: Target): boolean {
  if (action.kind === 'show' && login !== who.login) return false;
  if (readOnly && action.kind !== 'show') return false;
  if (action.isFor?.(who) === false) return false;
  return can === undefined || can.includes(action.verb);
}
