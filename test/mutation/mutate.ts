/**
 * `npm run mutate [-- OPTION ... ROOM ...]`: makes small changes to the code of rooms, one at a time, and
 * lists those that no test notices. As root, since each trial has a world of its own.
 *   --since REV    only lines that differ from a commit
 *   --sample N     N mutants of each room, chosen by --seed (all)
 *   --seed N       seed of that choice, and of the random choices of the tests (1)
 *   --budget S     tests that take at most S seconds together for each mutant (120)
 *   --lanes N      trials at a time (the number of processors)
 *   --json         all trials as JSON
 */
import { availableParallelism, constants } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../support/run/random.ts';
import { isEquivalent, outdated } from './equivalent.ts';
import { type Mutant, plant, type Target } from './plant.ts';
import { lineOf, table, unnoticed } from './report.ts';
import { changedLines, filesOf, ROOMS, type Room } from './rooms.ts';
import { TestRuns } from './test-runs.ts';
import { roomOf, tryAll } from './trials.ts';

const USAGE = 2;
const root = dirname(dirname(import.meta.dirname));

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Returns the rooms with these names, or all. Throws for an unknown name. */
function chosen(names: readonly string[]): readonly Room[] {
  const unknown = names.filter((name) => !ROOMS.some((room) => room === name));
  if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: there are ${ROOMS.join(', ')}`);
  return ROOMS.filter((room) => names.length === 0 || names.includes(room));
}

function targetsOf(rooms: readonly Room[], since: string | undefined): Target[] {
  const files = rooms.flatMap((room) => filesOf(room, root));
  if (since === undefined) return files.map((file) => ({ file }));
  const changed = changedLines(root, since);
  return files.flatMap((file) => {
    const lines = changed.get(file) ?? [];
    return lines.length === 0 ? [] : [{ file, lines }];
  });
}

/** Returns `count` mutants of each room, all of them where there are no more. */
function sampleOf(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const random = new Random(seed);
  const rooms = Map.groupBy(mutants, ({ file }) => roomOf(file));
  return [...rooms.values()].flatMap((some) =>
    some
      .map((mutant) => ({ mutant, place: random.next() }))
      .toSorted((one, other) => one.place - other.place)
      .slice(0, count)
      .map(({ mutant }) => mutant),
  );
}

/** Returns a whole number of at least one. Throws for anything else. */
function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} is a number of at least 1`);
  return value;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      since: { type: 'string' },
      sample: { type: 'string' },
      seed: { type: 'string', default: '1' },
      budget: { type: 'string', default: '120' },
      lanes: { type: 'string', default: `${availableParallelism()}` },
      json: { type: 'boolean', default: false },
    },
  });
  if (process.getuid?.() !== 0) throw new Error('it needs root: tests run in a world of their own');
  const lanes = positive('lanes', values.lanes);
  const budget = positive('budget', values.budget);
  const seed = positive('seed', values.seed);
  const sample = values.sample === undefined ? Number.MAX_SAFE_INTEGER : positive('sample', values.sample);
  const targets = targetsOf(chosen(positionals), values.since);

  using planted = await plant(root, targets);
  using runs = new TestRuns(planted.folder, values.seed);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => {
      runs[Symbol.dispose]();
      planted[Symbol.dispose]();
      process.exit(128 + constants.signals[signal]);
    });
  for (const { file, original, why } of outdated(new Set(targets.map(({ file }) => file)), planted.mutants))
    say(`equivalent.ts has an entry for nothing: ${file}: ${original} (${why})`);
  const mutants = sampleOf(
    planted.mutants.filter((mutant) => !isEquivalent(mutant)),
    sample,
    seed,
  );
  say(`${mutants.length} mutants of ${planted.mutants.length}; running the tests without any ...`);
  await runs.build();
  const { files, failed } = await runs.baseline(lanes);
  if (failed.length > 0) say(`left out, since they fail without any mutant: ${failed.join(', ')}`);
  let done = 0;
  const trials = await tryAll(runs, mutants, files, {
    lanes,
    budget,
    tell: ({ mutant, verdict }) => {
      done += 1;
      say(`${done}/${mutants.length} ${verdict}: ${lineOf(mutant)}`);
    },
  });
  if (values.json) console.log(JSON.stringify(trials, undefined, 2));
  else console.log([...unnoticed(trials), '', table(trials)].join('\n'));
}

await main().catch((error: unknown) => {
  say(`mutate: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = USAGE;
});
