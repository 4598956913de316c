/** The notice about changes that a watch has reported. */

import { count } from '../../src/terminal/format.ts';
import type { Change } from '../screen.ts';
import { listOf, type State } from './state.ts';

/**
 * Returns a text about the changed row, or the number of changes and the last one; the previous notice when
 * nothing visible has changed.
 */
export function noticeOf(state: State, changes: readonly Change[]): string {
  const rows = listOf(state)?.window.rows ?? [];
  const notices = changes.flatMap((change) => {
    if (change.kind === 'there') {
      const isKnown = rows.some(({ id }) => id === change.row.id);
      return `${change.row.title} ${isKnown ? 'has changed' : 'is new'}`;
    }
    if (change.kind !== 'gone') return [];
    const row = rows.find(({ id }) => id === change.id);
    return row === undefined ? [] : `${row.title} is gone`;
  });
  const [only] = notices;
  if (only === undefined) return state.changeNotice;
  return notices.length === 1 ? only : `${count(notices.length, 'change')}, the last: ${notices.at(-1)}`;
}
