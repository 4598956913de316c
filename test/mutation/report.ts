/** Mutation scores by room, and the mutants that no test noticed. */
import type { Mutant } from './plant.ts';
import { roomOf, type Trial } from './trials.ts';

interface Score {
  readonly room: string;
  readonly tried: number;
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
  readonly notReached: number;
}

function scores(trials: readonly Trial[]): Score[] {
  const rooms = Map.groupBy(trials, ({ mutant }) => roomOf(mutant.file));
  return [...rooms].map(([room, some]) => {
    const count = (verdict: Trial['verdict']) => some.filter((trial) => trial.verdict === verdict).length;
    return {
      room,
      tried: some.length,
      killed: count('killed'),
      timedOut: count('timed out'),
      survived: count('survived'),
      notReached: count('not reached'),
    };
  });
}

/** Returns the share of mutants that tests notice, in percent; what times out is noticed. */
function percent({ tried, killed, timedOut }: Score): number {
  return (100 * (killed + timedOut)) / tried;
}

export function table(trials: readonly Trial[]): string {
  const rows = scores(trials).map((score) => {
    const { room, tried, killed, timedOut, survived, notReached } = score;
    return `| \`${room}\` | ${tried} | ${killed} | ${timedOut} | ${survived} | ${notReached} | ${percent(score).toFixed(0)} % |`;
  });
  return [
    '| room | mutants | killed | timed out | survived | not reached | score |',
    '|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** Returns what no test noticed, a line each, in the order of the code. */
export function unnoticed(trials: readonly Trial[]): string[] {
  return trials
    .filter(({ verdict }) => verdict === 'survived' || verdict === 'not reached')
    .toSorted((one, other) => inOrder(one.mutant, other.mutant))
    .map(({ mutant, verdict }) => `${lineOf(mutant)}${verdict === 'survived' ? '' : ' (not reached)'}`);
}

function inOrder(one: Mutant, other: Mutant): number {
  return one.file.localeCompare(other.file) || one.line - other.line;
}

/** Returns where the mutant is, and what it changes. */
export function lineOf({ file, line, mutator, original, replacement }: Mutant): string {
  return `${file}:${line} ${mutator}: ${original} -> ${replacement}`;
}
