/**
 * Adds an option to the dashboard's table, for tests of what follows from the table: in this process, or in
 * the command line, which this file runs.
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
  const { runCli } = await import('../../../src/cli/main.ts');
  process.exit(await runCli(process.argv.slice(2)));
}
