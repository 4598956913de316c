/** What a watch told, in words. */

import { count } from '../../src/terminal/format.ts';
import type { Change } from '../screen.ts';
import { listOf, type State } from './state.ts';

/** The one row that changed, or how many did; what was said before where nothing can be. */
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
