/** The notice about changes that a watch has sent. */

import { count } from '../../src/terminal/format.ts';
import type { Change } from '../screen.ts';
import { listOf, type State } from './state.ts';

/**
 * Returns a text about the only changed row, or their number; the previous notice when there is nothing to
 * say.
 */
export function changeNotice(state: State, changes: readonly Change[]): string {
  const rows = listOf(state)?.window.rows ?? [];
  const told = changes.flatMap((change) => {
    if (change.kind === 'there') {
      const isKnown = rows.some(({ id }) => id === change.row.id);
      return `${change.row.title} ${isKnown ? 'has changed' : 'is new'}`;
    }
    if (change.kind !== 'gone') return [];
    const row = rows.find(({ id }) => id === change.id);
    return row === undefined ? [] : `${row.title} is gone`;
  });
  const [only] = told;
  if (only === undefined) return state.news;
  return told.length === 1 ? only : `${count(told.length, 'change')}, the last: ${told.at(-1)}`;
}
