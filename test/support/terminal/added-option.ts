/**
 * Adds an option to the dashboard's table, run from the sources: for tests of what follows from the table.
 */
import { valued } from '../../../src/entry/option.ts';
import { TUI } from '../../../src/entry/roles/tui.ts';

export const ADDED = 'added-by-a-test';

/** Adds the option in this process. */
export function addOption(): void {
  Object.assign(TUI.options, { [ADDED]: valued('file', 'what nobody else has') });
}

if (import.meta.main) {
  addOption();
  await import('../../../src/main.ts');
}
