/**
 * `npm run bench [-- NAME ...]`: how fast we are, against something else measured in the same run. The
 * machine's noise is measured too, by measuring the same thing twice; a claim within it is inconclusive.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Line, median, print } from './table.ts';
import { bootCost, checkCosts, fillTokens, issueRate } from './tokens.ts';

const PAIRS = 5;
const ISSUED = 2_000;
const MANY = 1_000_000;

const measurements: Record<string, (folder: () => string) => Promise<Line[]>> = {
  issuing: async (folder) => {
    const ratios: number[] = [];
    const controls: number[] = [];
    const rates: number[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const normal = await issueRate(folder(), 'NORMAL', ISSUED);
      const full = await issueRate(folder(), 'FULL', ISSUED);
      const again = await issueRate(folder(), 'FULL', ISSUED);
      ratios.push(full / normal);
      controls.push(Math.abs(full - again) / ((full + again) / 2));
      rates.push(full);
    }
    const [full, ratio] = [median(rates), median(ratios)];
    const common = { goal: 0.8, wanted: 'at least', spread: median(controls) } as const;
    const ours = `${Math.round(full)}/s`;
    return [
      {
        what: 'issue, 32 at once: FULL against NORMAL',
        ours,
        other: `${Math.round(full / ratio)}/s`,
        ratio,
        ...common,
      },
    ];
  },
  checking: async (folder) => {
    const first = await checkCosts(folder());
    const second = await checkCosts(folder());
    const line = (what: 'cached' | 'cold', goal: number): Line => ({
      what: `check a token, ${what}, against jose (CPU)`,
      ours: `${first[what].toFixed(1)} us`,
      other: `${first.jose.toFixed(1)} us`,
      ratio: first.jose / first[what],
      goal,
      wanted: 'at least',
      spread: Math.abs(first[what] / first.jose - second[what] / second.jose) / (first[what] / first.jose),
    });
    return [line('cached', 150), line('cold', 1.8)];
  },
  boot: async (folder) => {
    const place = folder();
    await fillTokens(place, MANY);
    const [one, two] = [await bootCost(place), await bootCost(place)];
    const spread = Math.abs(one.seconds - two.seconds) / one.seconds;
    const seconds = Math.min(one.seconds, two.seconds);
    const goals = { wanted: 'at most', other: '-', spread } as const;
    return [
      {
        what: 'open on 1,000,000 tokens, s',
        ours: `${seconds.toFixed(1)} s`,
        ratio: seconds,
        goal: 6,
        ...goals,
      },
      {
        what: 'memory they add, MiB',
        ours: `${Math.round(one.mebibytes)} MiB`,
        ratio: one.mebibytes,
        goal: 200,
        ...goals,
      },
    ];
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in measurements));
if (unknown.length > 0) {
  console.error(`bench: ${unknown.join(', ')}: there are ${Object.keys(measurements).join(', ')}`);
  process.exit(2);
}
const base = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
try {
  let made = 0;
  const folder = (): string => mkdtempSync(join(base, `${made++}-`));
  const lines: Line[] = [];
  for (const [name, measure] of Object.entries(measurements)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    console.error(`measuring ${name} ...`);
    lines.push(...(await measure(folder)));
  }
  print(lines);
} finally {
  rmSync(base, { recursive: true, force: true });
}
