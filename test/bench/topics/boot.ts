/** Time and memory of opening a store with a million tokens. */
import { type Line, spreadOf } from '../report/line.ts';
import { fillTokens, open } from '../tokens.ts';

const MANY = 1_000_000;
const MEBIBYTE = 1024 * 1024;

export async function measure(folder: () => string): Promise<Line[]> {
  const place = folder();
  await fillTokens(place, MANY);
  const one = await bootCost(place);
  const two = await bootCost(place);
  const seconds = Math.min(one.seconds, two.seconds);
  const goals = { wanted: 'at most', other: '-', spread: spreadOf(one.seconds, two.seconds) } as const;
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
}

/** Measures how long an authority takes to open the store in `folder`, and the memory that it adds. */
async function bootCost(folder: string): Promise<{ seconds: number; mebibytes: number }> {
  const before = process.memoryUsage.rss();
  const begun = performance.now();
  const { close } = await open(folder, 'FULL');
  const seconds = (performance.now() - begun) / 1000;
  const mebibytes = (process.memoryUsage.rss() - before) / MEBIBYTE;
  await close();
  return { seconds, mebibytes };
}
