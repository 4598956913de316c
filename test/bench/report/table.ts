/** Prints the lines as a table for people, and as JSON for programs. */
import { type Line, verdict } from './line.ts';

export function table(lines: readonly Line[]): string {
  const rows = [['what', 'ours', 'the other', 'ratio', 'goal', 'spread', '']];
  for (const line of lines) {
    const { what, ours, other, ratio, goal, wanted, spread } = line;
    const percent = `${Math.round(spread * 100)}%`;
    rows.push([what, ours, other, ratio.toFixed(2), `${wanted} ${goal}`, percent, verdict(line)]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const padded = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return padded.map((row) => row.trimEnd()).join('\n');
}

export function json(lines: readonly Line[]): string {
  return JSON.stringify(
    lines.map((line) => ({ ...line, verdict: verdict(line) })),
    undefined,
    2,
  );
}
