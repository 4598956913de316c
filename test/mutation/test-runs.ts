/** Runs tests of the copy, each time in a world of its own, which ends with all of its processes. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';

/** Environment variable with the mutant that is active in a run. */
export const MUTANT = 'MUTANT';
/** Environment variable with the folder in which test files note the mutants that they reach. */
export const REACHED_FOLDER = 'REACHED_FOLDER';
/** Parts of the run without a mutant for each lane, since stories wait most of their time. */
const SHARDS_PER_LANE = 2;
const CONFIG = 'test/mutation/vitest.config.ts';
const FAILED = 1;

/** A test file, as it runs without any mutant. */
export interface TestFile {
  /** Relative to the project. */
  readonly file: string;
  readonly seconds: number;
  /** The ids of the mutants that it reaches. */
  readonly reached: ReadonlySet<string>;
}

export interface Baseline {
  readonly files: readonly TestFile[];
  /** Files that fail without any mutant, and so can say nothing. */
  readonly failed: readonly string[];
}

export type Verdict = 'killed' | 'survived' | 'timed out';

/** The used part of the output of vitest's reporter `json`. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

export class TestRuns implements Disposable {
  readonly #folder: string;
  readonly #seed: string;
  readonly #running = new Set<ChildProcess>();

  /** @param seed of the random choices of tests, which are the same in all runs */
  constructor(folder: string, seed: string) {
    this.#folder = folder;
    this.#seed = seed;
  }

  /** Builds the program, with all mutants in it. */
  async build(): Promise<void> {
    await promisify(execFile)(process.execPath, ['build/build.ts'], { cwd: this.#folder });
  }

  /** Runs all test files without a mutant. */
  async baseline(lanes: number): Promise<Baseline> {
    const folder = join(this.#folder, 'reached');
    mkdirSync(folder);
    const count = lanes * SHARDS_PER_LANE;
    const shards = Array.from({ length: count }, (_, at) => `${at + 1}/${count}`);
    const reports = await Promise.all(
      shards.map((shard, at) => this.#shard(shard, `${folder}-${at}`, folder)),
    );
    const results = reports.flatMap(({ testResults }) => testResults);
    const named = results.map(({ name, ...result }) => ({ file: relative(this.#folder, name), ...result }));
    const reached = new Map(
      readdirSync(folder).map((name) => [
        decodeURIComponent(name),
        new Set(readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean)),
      ]),
    );
    return {
      files: named
        .filter(({ status }) => status === 'passed')
        .map(({ file, startTime, endTime }) => ({
          file,
          seconds: (endTime - startTime) / 1000,
          reached: reached.get(file) ?? new Set(),
        })),
      failed: named.filter(({ status }) => status !== 'passed').map(({ file }) => file),
    };
  }

  /** Runs `files` until a test fails, with `mutant` active. */
  async trial(mutant: string, files: readonly string[], limitMs: number): Promise<Verdict> {
    const status = await this.#vitest(['--bail', '1', ...files], { [MUTANT]: mutant }, limitMs);
    if (status === undefined) return 'timed out';
    return status === 0 ? 'survived' : 'killed';
  }

  /** Ends what still runs. */
  [Symbol.dispose](): void {
    for (const child of this.#running) child.kill('SIGKILL'); // the world's first process: all others end with it
  }

  async #shard(shard: string, output: string, folder: string): Promise<Report> {
    const arguments_ = ['--shard', shard, '--reporter', 'json', '--outputFile', output];
    await this.#vitest(arguments_, { [REACHED_FOLDER]: folder });
    return JSON.parse(readFileSync(output, 'utf8'));
  }

  /** Returns the exit status; undefined when the run did not end within `limitMs`. */
  async #vitest(
    arguments_: readonly string[],
    env: NodeJS.ProcessEnv,
    limitMs?: number,
  ): Promise<number | undefined> {
    const vitest = [join(this.#folder, 'node_modules/.bin/vitest'), 'run', '--config', CONFIG, ...arguments_];
    const world = join(this.#folder, 'test/support/world');
    const child = spawn(world, vitest, {
      cwd: this.#folder,
      env: { ...process.env, SEED: this.#seed, ...env },
      stdio: 'ignore',
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    this.#running.add(child);
    const [status] = await once(child, 'close');
    this.#running.delete(child);
    return child.killed ? undefined : (status ?? FAILED);
  }
}
