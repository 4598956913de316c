/** Prints the findings for people: one line each, with a remedy below, and a summary. */

import { inert } from '../inert.ts';
import type { Paint, Style } from '../terminal/table.ts';
import type { Finding, Status } from './finding.ts';

const STYLES: Readonly<Record<Status, Style>> = {
  ok: 'good',
  warning: 'caution',
  problem: 'bad',
  skipped: 'dim',
};
const STATUSES: readonly Status[] = ['ok', 'warning', 'problem', 'skipped'];
const GAP = '  ';

/** Returns lines that are safe on any terminal. */
export function lines(findings: readonly Finding[], paint: Paint): string[] {
  const [statusWidth, checkWidth] = [STATUSES, findings.map(({ check }) => check)].map((words) =>
    Math.max(0, ...words.map((word) => word.length)),
  );
  const rows = findings.flatMap(({ status, check, summary, remedy }) => {
    const start = [status.padEnd(statusWidth ?? 0), check.padEnd(checkWidth ?? 0)].join(GAP);
    const line = `${paint(start, STYLES[status])}${GAP}${inert(summary)}`;
    const indent = ' '.repeat(start.length);
    return remedy === null ? [line] : [line, `${indent}${GAP}→ ${inert(remedy)}`];
  });
  return [...rows, '', sum(findings)];
}

/** Returns a summary such as "9 ok, 1 warning, 2 skipped". */
function sum(findings: readonly Finding[]): string {
  const counts = STATUSES.map((status) => {
    const count = findings.filter((finding) => finding.status === status).length;
    const isCountable = status === 'warning' || status === 'problem';
    return count === 0 ? '' : `${count} ${status}${isCountable && count > 1 ? 's' : ''}`;
  });
  return `${counts.filter((text) => text !== '').join(', ')}.`;
}
