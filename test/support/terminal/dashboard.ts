/** The dashboard in a terminal of its own, with the built program and a real server. */

import { afterAll, afterEach, beforeAll } from 'vitest';
import { connect } from '../../../src/client/connect/connect.ts';
import { sessionsById } from '../../../src/client/session-selection.ts';
import { SessionState } from '../../../src/generated/latchkey/v1/session.ts';
import { type Account, alice, bob } from '../account.ts';
import { program } from '../program.ts';
import { TestDaemon } from '../server/daemon.ts';
import { Screen, type ScreenOptions } from './screen.ts';

/** Returns a command line that runs the dashboard and prints its exit status. */
export function commandLine({ runFolder }: TestDaemon, words = ''): string {
  return `${program()} tui --run ${runFolder} ${words}; echo ended with $?`;
}

/** Opens the dashboard of `account` and waits until it is live. */
export async function openDashboard(
  daemon: TestDaemon,
  account: Account,
  words = '',
  options: ScreenOptions = {},
): Promise<Screen> {
  const screen = new Screen(account, options);
  screen.enter(commandLine(daemon, words));
  await screen.shows({ header: /● live$/ });
  return screen;
}

/** The site of the dashboard's stories: a server with bob as its manager, and alice and bob logged in. */
export class DashboardSite {
  #daemon: TestDaemon | undefined;

  private constructor() {}

  /**
   * Returns a site for the surrounding suite, open during its tests; ends the sessions that each test leaves.
   */
  static ofSuite(): DashboardSite {
    const site = new DashboardSite();
    beforeAll(() => site.#open());
    afterEach(() => site.#endSessions());
    afterAll(() => site.#daemon?.[Symbol.asyncDispose]());
    return site;
  }

  /** The server. Throws outside of a test. */
  get daemon(): TestDaemon {
    if (this.#daemon === undefined) throw new Error('the site is not open yet');
    return this.#daemon;
  }

  async #open(): Promise<void> {
    this.#daemon = await TestDaemon.start({ config: { roles: { manager: { users: ['bob'], groups: [] } } } });
    for (const account of [alice, bob]) await this.#daemon.link(account);
  }

  dashboard(account: Account, words?: string, options?: ScreenOptions): Promise<Screen> {
    return openDashboard(this.daemon, account, words, options);
  }

  /** Starts a session of `account`, with options of `start` before its command; resolves with its id. */
  async start(account: Account, ...words: string[]): Promise<string> {
    return (await this.daemon.cli(account, ['start', '--detach', ...words])).stdout.trim();
  }

  /** Ends every running session: their links do not end with the server. */
  async #endSessions(): Promise<void> {
    const client = await connect({ run: this.daemon.runFolder, env: {}, localAdmin: true });
    const filter = { state: SessionState.RUNNING, login: '', text: '' };
    const { sessions } = await client.sessions.listSessions({ filter, pageSize: 1000 });
    await Promise.all(
      sessions.map(({ id }) => client.sessions.endSession({ selection: sessionsById([id]) })),
    );
    await client.close();
  }
}

/** tmux's names for keys that have other names in the help. */
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

/** The keys that open the sessions; the place of their tab depends on the role. */
export const SESSIONS = [':', 'sess', 'Enter'] as const;
