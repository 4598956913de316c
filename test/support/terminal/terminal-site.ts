/** Sessions in a terminal: a server, alice's link, and terminals (tmux) in which she starts and attaches. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import { alice } from '../account.ts';
import { program } from '../program.ts';
import { TestDaemon } from '../server/daemon.ts';
import { Screen, type ScreenOptions } from './screen.ts';

/** A shell without settings of its own, so that its screen is known. */
export const BASH = "--env PS1='b> ' -- bash --norc --noprofile";

export class TerminalSite {
  #daemon: TestDaemon | undefined;

  private constructor() {}

  /** Returns a site for the surrounding suite, open during its tests; ends the sessions that each leaves. */
  static ofSuite(): TerminalSite {
    const site = new TerminalSite();
    beforeAll(async () => {
      site.#daemon = await TestDaemon.start();
      await site.#daemon.link(alice);
    });
    afterEach(async () => void (await site.daemon.cli(alice, ['sessions', 'end', '--login', 'alice'])));
    afterAll(() => site.#daemon?.[Symbol.asyncDispose]());
    return site;
  }

  /** The server. Throws outside of a test. */
  get daemon(): TestDaemon {
    if (this.#daemon === undefined) throw new Error('the site is not open yet');
    return this.#daemon;
  }

  /** Returns a terminal of alice's with a shell, in which `latchkey` is a command for this server. */
  async shell(options: ScreenOptions = {}): Promise<Screen> {
    const screen = new Screen(alice, options);
    screen.enter(
      `latchkey() { verb=$1; shift; ${program()} $verb --run ${this.daemon.runFolder} "$@"; }; clear`,
    );
    await screen.until('an empty screen', ({ text }) => text.trim() === '$');
    return screen;
  }

  /** Returns a terminal that shows a new session; prints "ended with" and the exit status at its end. */
  async start(words: string, options?: ScreenOptions): Promise<Screen> {
    const screen = await this.shell(options);
    screen.enter(`latchkey start ${words}; echo ended with $?`);
    return screen;
  }

  /** Resolves with the id of the only running session. */
  async id(): Promise<string> {
    const running = await this.daemon.as(alice).sessions('--state', 'running');
    const [id] = running.map((session) => session.id);
    if (id === undefined || running.length > 1) throw new Error(`${running.length} sessions are running`);
    return id;
  }

  /** Ends a session. */
  async end(id: string): Promise<void> {
    await this.daemon.cli(alice, ['sessions', 'end', id]);
  }
}
