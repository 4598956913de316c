/** A child process of a benchmark that answers one request at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export class Child<Ready, Answer> implements AsyncDisposable {
  readonly ready: Ready;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, ready: Ready) {
    this.#process = child;
    this.ready = ready;
  }

  /** Starts a file of this folder; resolves with its first message. */
  static async start<Ready, Answer>(file: string, argv: readonly string[]): Promise<Child<Ready, Answer>> {
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    const child = fork(join(import.meta.dirname, file), argv, { execArgv });
    return new Child<Ready, Answer>(child, await said<Ready>(child));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  ask(question: object): Promise<Answer> {
    const answer = said<Answer>(this.#process);
    this.#process.send(question);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.disconnect();
    await gone;
  }
}

async function said<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([status]) => {
    throw new Error(`a process of the bench ended with ${status}`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    return message as T;
  } finally {
    over.abort();
    ended.catch(() => {});
  }
}
