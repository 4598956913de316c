/** What a measurement says, and the table that says it honestly. */

/** One line: ours against the other, both measured in this run. */
export interface Line {
  readonly what: string;
  readonly ours: string;
  readonly other: string;
  /** Ours over the other, as the goal counts it. */
  readonly ratio: number;
  readonly goal: number;
  /** Whether a ratio above or below the goal meets it. */
  readonly wanted: 'at least' | 'at most';
  /** How far two measurements of the same thing lay apart in this run, as a part of their mean. */
  readonly spread: number;
}

/** `met`, `not met`, or `inconclusive` where the goal lies within what the same thing differed from itself. */
export function verdict({ ratio, goal, wanted, spread }: Line): string {
  if (Math.abs(ratio - goal) < goal * spread) return 'inconclusive';
  return (wanted === 'at least' ? ratio >= goal : ratio <= goal) ? 'met' : 'not met';
}

export function print(lines: readonly Line[]): void {
  const rows = [['what', 'ours', 'the other', 'ratio', 'goal', 'spread', '']];
  for (const line of lines) {
    const { what, ours, other, ratio, goal, wanted, spread } = line;
    const percent = `${Math.round(spread * 100)}%`;
    rows.push([what, ours, other, ratio.toFixed(2), `${wanted} ${goal}`, percent, verdict(line)]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) console.log(row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
