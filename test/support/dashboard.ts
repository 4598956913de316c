/** The dashboard in a terminal of its own, with the built program. */
import type { Account } from './account.ts';
import type { TestDaemon } from './daemon.ts';
import { program } from './program.ts';
import { Screen, type ScreenOptions } from './screen.ts';

/** The dashboard of `account`, live. */
export async function openDashboard(
  daemon: TestDaemon,
  account: Account,
  words = '',
  options: ScreenOptions = {},
): Promise<Screen> {
  const screen = new Screen(account, options);
  screen.enter(`${program()} tui --run ${daemon.runFolder} ${words}; echo ended with $?`);
  await screen.shows(/● live/);
  return screen;
}

/** tmux's names for keys that the help calls otherwise. */
export const TMUX_KEYS: Readonly<Record<string, string>> = {
  down: 'Down',
  up: 'Up',
  left: 'Left',
  right: 'Right',
  pgdn: 'NPage',
  pgup: 'PPage',
  home: 'Home',
  end: 'End',
  enter: 'Enter',
  esc: 'Escape',
  space: 'Space',
  tab: 'Tab',
  'shift-tab': 'BTab',
  '^f': 'C-f',
  '^b': 'C-b',
  '^z': 'C-z',
};

/** The keys to the sessions; where their tab is depends on the role. */
export const SESSIONS = [':', 'sess', 'Enter'] as const;
