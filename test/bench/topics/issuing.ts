/** Rate of issuing tokens with group commit: the cost of waiting for the disk. */
import { type Line, median, spreadOf } from '../report/line.ts';
import { open, type Synchronous } from '../tokens.ts';

const PAIRS = 5;
const ISSUED = 2_000;
const CALLERS = 32;

export async function measure(folder: () => string): Promise<Line[]> {
  const ratios: number[] = [];
  const controls: number[] = [];
  const rates: number[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const normal = await issueRate(folder(), 'NORMAL');
    const full = await issueRate(folder(), 'FULL');
    const again = await issueRate(folder(), 'FULL');
    ratios.push(full / normal);
    controls.push(spreadOf(full, again));
    rates.push(full);
  }
  const full = median(rates);
  const ratio = median(ratios);
  return [
    {
      what: `issue, ${CALLERS} at once: FULL against NORMAL`,
      ours: `${Math.round(full)}/s`,
      other: `${Math.round(full / ratio)}/s`,
      ratio,
      goal: 0.8,
      wanted: 'at least',
      spread: median(controls),
    },
  ];
}

/** Tokens issued a second into an empty `folder`, with callers who each wait for theirs. */
async function issueRate(folder: string, synchronous: Synchronous): Promise<number> {
  const { authority, close } = await open(folder, synchronous);
  let next = 0;
  const caller = async (): Promise<void> => {
    while (next < ISSUED)
      await authority.mint({ login: `user${next++ % 5000}`, authMethod: 'link', linuxUser: 'alice' });
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const rate = ISSUED / ((performance.now() - begun) / 1000);
  await close();
  return rate;
}
