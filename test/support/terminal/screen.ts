/** A real terminal (tmux) that runs a program under an account, read as text. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Account } from '../account.ts';
import { type Pattern, View, type Wanted } from './view.ts';

export interface ScreenOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 20_000;
const LOOK_MS = 30;

export class Screen implements Disposable {
  readonly #folder = mkdtempSync(join(process.env.TEST_WORLD ? '/mnt' : realpathSync(tmpdir()), 'screen-'));

  /** Starts a shell of `account` in a terminal of 80x24 by default. */
  constructor(account: Account, { columns = 80, rows = 24, env = {} }: ScreenOptions = {}) {
    const variables = { HOME: account.home, USER: account.name, LANG: 'C.UTF-8', PS1: '$ ', ...env };
    const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
    const { uid } = account;
    const isItself = uid === process.getuid?.();
    const as = isItself ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
    const path = 'PATH=/usr/local/bin:/usr/bin:/bin';
    const shell = ['env', '-i', path, 'TERM=tmux-256color', ...assignments, ...as, 'sh'];
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      '-c',
      account.home,
      ...shell,
    );
    this.#tmux('set', '-g', 'status', 'off');
    this.resize(columns, rows);
  }

  /** Presses keys by tmux's names for them; types anything else letter by letter. */
  press(...keys: string[]): void {
    for (const key of keys) this.#tmux('send-keys', key);
  }

  /** Types a text and presses Enter. */
  enter(text: string): void {
    this.#tmux('send-keys', '-l', text);
    this.#tmux('send-keys', 'Enter');
  }

  /**
   * Presses and releases a mouse button (0 is the left one, 64 and 65 the wheel) on the first place of the
   * text.
   */
  click(text: string, button = 0): void {
    const { lines } = this.view;
    const row = lines.findIndex((line) => line.includes(text));
    if (row === -1) throw new Error(`there is no ${text} to click on:\n${lines.join('\n')}`);
    const place = `${button};${(lines[row]?.indexOf(text) ?? 0) + 1};${row + 1}`;
    for (const end of ['M', 'm']) this.#tmux('send-keys', '-l', `\u001b[<${place}${end}`);
  }

  /** Pastes the bytes of a file. */
  paste(file: string): void {
    this.#tmux('load-buffer', file);
    this.#tmux('paste-buffer', '-r');
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-x', `${columns}`, '-y', `${rows}`);
  }

  /** The text on the screen now. */
  get view(): View {
    return new View(this.#tmux('capture-pane', '-p'));
  }

  /** The text on the screen, and above it as far as the terminal keeps that. */
  get scrollback(): string {
    return this.#tmux('capture-pane', '-p', '-S', '-');
  }

  /** The text with trailing blanks and its colours: Select Graphic Rendition (ECMA-48, 8.3.117). */
  get painted(): string {
    return this.#tmux('capture-pane', '-p', '-e', '-N');
  }

  /** The lines that the terminal had to wrap. */
  get breaks(): string[] {
    const whole = new Set(
      this.#tmux('capture-pane', '-p', '-J')
        .split('\n')
        .map((line) => line.trimEnd()),
    );
    return this.view.lines.filter((line) => !whole.has(line.trimEnd()));
  }

  /** The text that programs have put into the terminal's clipboard. */
  get clipboard(): string {
    return this.#tmux('list-buffers');
  }

  /**
   * True if the terminal is on its alternate screen, as for full-screen programs; and if the cursor is
   * visible.
   */
  get modes(): string {
    return this.#tmux('display-message', '-p', '#{alternate_on} #{cursor_flag}').trim();
  }

  /** True when programs have the terminal report the mouse. */
  get hasMouse(): boolean {
    return this.#tmux('display-message', '-p', '#{mouse_any_flag}').trim() === '1';
  }

  /** The title that programs have set. */
  get windowTitle(): string {
    return this.#tmux('display-message', '-p', '#{pane_title}');
  }

  /** Pid of the foreground process, which the shell has started. */
  get foreground(): number {
    const shell = this.#tmux('display-message', '-p', '#{pane_pid}').trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8'));
  }

  /** Returns the bytes that programs write to the terminal during `during`, and until they end with `end`. */
  async written(during: () => Promise<unknown>, end = ''): Promise<string> {
    const file = join(this.#folder, `written-${randomUUID()}`);
    this.#tmux('pipe-pane', '-O', `cat >${file}`);
    const bytes = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
    await during();
    await this.until(`an end with ${JSON.stringify(end)}`, () => bytes().endsWith(end));
    this.#tmux('pipe-pane');
    return bytes();
  }

  /**
   * Waits until all of `wanted` is shown; a pattern alone is one of any line. Resolves with the screen then.
   */
  async shows(wanted: Wanted | Pattern): Promise<View> {
    const all = isPattern(wanted) ? { line: wanted } : wanted;
    return this.#until((view) => view.lacks(all));
  }

  /** Waits until `holds` is true of the screen; `what` describes that for the failure. */
  async until(what: string, holds: (view: View) => boolean): Promise<View> {
    return this.#until((view) => (holds(view) ? [] : [what]));
  }

  async #until(lacks: (view: View) => readonly string[]): Promise<View> {
    const deadline = Date.now() + TIMEOUT_MS;
    for (;;) {
      const { view } = this;
      const missing = lacks(view);
      if (missing.length === 0) return view;
      if (Date.now() > deadline)
        throw new Error(`the screen never showed ${missing.join('; nor ')}. It shows:\n${view.text}`);
      await delay(LOOK_MS);
    }
  }

  #tmux(...words: string[]): string {
    return execFileSync('tmux', ['-S', join(this.#folder, 'tmux'), ...words], { encoding: 'utf8' });
  }

  [Symbol.dispose](): void {
    this.#tmux('kill-server');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function isPattern(wanted: Wanted | Pattern): wanted is Pattern {
  return typeof wanted === 'string' || wanted instanceof RegExp;
}
