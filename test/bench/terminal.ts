/** A program in a real pseudo terminal made by script(1), and the current content of its screen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { Shown } from './report/shown.ts';

const TIMEOUT_MS = 10_000;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export class Terminal implements AsyncDisposable {
  readonly #script: ChildProcess;
  readonly #shown: Shown;
  /** Called after every complete frame, and after any other output. */
  #appearance: (() => void) | undefined;

  /** Runs a shell command in a terminal of this size. */
  constructor(command: string, { columns, rows }: Size, env: NodeJS.ProcessEnv) {
    const inside = `stty cols ${columns} rows ${rows}; exec ${command}`;
    this.#shown = new Shown(rows);
    this.#script = spawn('script', ['-qefc', inside, '/dev/null'], {
      env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const decoder = new StringDecoder();
    this.#script.stdout?.on('data', (bytes: Buffer) => {
      this.#shown.write(decoder.write(bytes));
      if (this.#shown.isWhole) this.#appearance?.();
    });
  }

  get text(): string {
    return this.#shown.text;
  }

  get frames(): number {
    return this.#shown.frames;
  }

  /** Pid of the program. */
  get pid(): number {
    const { pid } = this.#script;
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  }

  /** Sends keys, given as bytes. */
  press(keys: string): void {
    this.#script.stdin?.write(keys);
  }

  /**
   * Resolves with the time (`performance.now()`) when the screen satisfies `holds`, at once if it does
   * already.
   */
  shows(holds: (text: string) => boolean, after = 'the start'): Promise<number> {
    if (holds(this.text)) return Promise.resolve(performance.now());
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(
      () => reject(new Error(`what comes after ${after} never came. There is:\n${this.text}`)),
      TIMEOUT_MS,
    );
    this.#appearance = () => {
      if (!holds(this.text)) return;
      const nowMs = performance.now();
      clearTimeout(timer);
      this.#appearance = undefined;
      resolve(nowMs);
    };
    return promise;
  }

  /** Returns the milliseconds from a key press until the screen shows its effect. */
  async pressed(keys: string, holds: (text: string) => boolean): Promise<number> {
    const begunMs = performance.now();
    this.press(keys);
    return (await this.shows(holds, JSON.stringify(keys))) - begunMs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#script.exitCode !== null) return;
    const gone = once(this.#script, 'exit');
    this.press('\u0003');
    await gone;
  }
}
