/**
 * `npm run bench [-- [--json] NAME ...]`: measures Latchkey against a reference in the same run. The
 * noise of the machine is measured by measuring the same thing twice; a result within it is inconclusive.
 * `--list` prints the topics. As root, everything runs in a world of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { install, packagesFor } from '../support/host/packages.ts';
import { inWorld } from '../support/run/in-world.ts';
import type { Line } from './report/line.ts';
import { json, table } from './report/table.ts';
import { TOPICS, type Topic } from './topic.ts';

const FAILED = 1;
const USAGE = 2;

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Returns the topics with these names, or all. Throws for an unknown name. */
function chosen(names: readonly string[]): [string, Topic][] {
  const unknown = names.filter((name) => !Object.hasOwn(TOPICS, name));
  if (unknown.length > 0)
    throw new Error(`${unknown.join(', ')}: there are ${Object.keys(TOPICS).join(', ')}`);
  return Object.entries(TOPICS).filter(([name]) => names.length === 0 || names.includes(name));
}

interface Measured {
  readonly lines: readonly Line[];
  /** Number of topics that could not be measured. */
  readonly failed: number;
}

async function measureAll(topics: readonly [string, Topic][]): Promise<Measured> {
  const base = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  let made = 0;
  const folder = (): string => mkdtempSync(join(base, `${made++}-`));
  const lines: Line[] = [];
  let failed = 0;
  try {
    for (const [name, topic] of topics) {
      const why = whyNot(topic);
      if (why !== undefined) {
        say(`skipping ${name}: ${why}`);
        continue;
      }
      const begun = performance.now();
      try {
        lines.push(...(await (await topic.load()).measure(folder)));
        say(`measured ${name} in ${Math.round((performance.now() - begun) / 1000)} s`);
      } catch (error) {
        failed += 1;
        say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
  return { lines, failed };
}

function whyNot({ inWorld: needsWorld, programs = {} }: Topic): string | undefined {
  if (needsWorld && !process.env.TEST_WORLD) return 'it needs root';
  const missing = packagesFor(programs);
  return missing.length === 0 ? undefined : `as root: apt-get install ${missing.join(' ')}`;
}

async function main(): Promise<number> {
  const options = { json: { type: 'boolean' }, list: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const topics = chosen(positionals);
  if (values.list) {
    for (const [name, { about }] of topics) console.log(`${name.padEnd(12)} ${about}`);
    return 0;
  }
  if (process.getuid?.() === 0 && !process.env.TEST_WORLD) {
    install(topics.flatMap(([, { programs = {} }]) => packagesFor(programs)));
    return inWorld();
  }
  const { lines, failed } = await measureAll(topics);
  console.log(values.json ? json(lines) : table(lines));
  return failed === 0 ? 0 : FAILED;
}

process.exitCode = await main().catch((error: unknown) => {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  return USAGE;
});
