/** Runs each test file in a world of its own (test/support/world), so that several can run at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { PoolOptions, PoolRunnerInitializer, PoolWorker } from 'vitest/node';

const WORLD = join(import.meta.dirname, '../world');

/** A pool for vitest.config.ts; its workers need root. */
export const worlds: PoolRunnerInitializer = {
  name: 'worlds',
  createPoolWorker: (options) => new WorldWorker(options),
};

type WorkerRequest = Parameters<PoolWorker['send']>[0];

/** vitest's worker for `forks`, in a process namespace that ends with it. */
class WorldWorker implements PoolWorker {
  readonly name = 'worlds';
  readonly cacheFs = true;
  readonly #options: PoolOptions;
  #child: ChildProcess | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { distPath, env, execArgv, project } = this.#options;
    const { outputStream, errorStream } = project.vitest.logger;
    const child = fork(join(distPath, 'workers/forks.js'), [], {
      execPath: WORLD,
      execArgv: [process.execPath, ...execArgv],
      env: env as NodeJS.ProcessEnv,
      stdio: 'pipe',
      serialization: 'advanced',
    });
    child.stdout?.pipe(outputStream, { end: false });
    child.stderr?.pipe(errorStream, { end: false });
    this.#child = child;
  }

  async stop(): Promise<void> {
    const child = this.#running();
    if (child.exitCode === null && child.signalCode === null) {
      const closed = once(child, 'close');
      child.kill('SIGKILL'); // the first process of the world dies with its parent, and all others with it
      await closed;
    }
    this.#child = undefined;
  }

  on(event: string, listener: (argument: unknown) => void): void {
    this.#running().on(event, listener);
  }

  off(event: string, listener: (argument: unknown) => void): void {
    this.#running().off(event, listener);
  }

  send(message: WorkerRequest): void {
    this.#running().send(message);
  }

  deserialize(data: unknown): unknown {
    return data;
  }

  #running(): ChildProcess {
    if (this.#child === undefined) throw new Error('this world has not been started');
    return this.#child;
  }
}
