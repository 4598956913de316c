/**
 * The program with one option more in the table of the dashboard, run from the sources: for tests of what
 * comes of it.
 */
import { valued } from '../../../src/entry/option.ts';
import { TUI } from '../../../src/entry/roles/tui.ts';

export const ADDED = 'added-by-a-test';

/** Adds it, for this process. */
export function addOption(): void {
  Object.assign(TUI.options, { [ADDED]: valued('file', 'what nobody else has') });
}

if (import.meta.main) {
  addOption();
  await import('../../../src/main.ts');
}
