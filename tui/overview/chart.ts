/** Numbers over time as columns of block characters. */
const BLOCKS = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const FULL = BLOCKS.length - 1;

export interface ChartSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Draws `values` in `rows` lines; the highest fills all of them, and any value above 0 is visible. With more
 * values than columns, a column shows the highest of its values.
 */
export function chart(values: readonly number[], { columns, rows }: ChartSize): string[] {
  const shown = fitted(values, columns);
  const most = Math.max(1, ...shown);
  const heights = shown.map((value) => Math.ceil((value / most) * rows * FULL));
  return Array.from({ length: rows }, (_, line) => {
    const below = (rows - 1 - line) * FULL;
    return heights.map((height) => blockOf(height - below, below === 0)).join('');
  });
}

/**
 * Returns the largest width up to `room` at which all values, or all groups of k values, are equally wide.
 */
export function chartWidth(count: number, room: number): number {
  if (room >= count) return count * Math.floor(room / count);
  for (let each = 2; each < count; each += 1)
    if (count % each === 0 && count / each <= room) return count / each;
  return Math.max(1, Math.min(room, count));
}

function blockOf(height: number, isLowest: boolean): string {
  if (height <= 0) return isLowest ? BLOCKS[0] : ' ';
  return BLOCKS[Math.min(height, FULL)] ?? ' ';
}

function fitted(values: readonly number[], columns: number): number[] {
  return Array.from({ length: columns }, (_, at) => {
    const from = Math.floor((at * values.length) / columns);
    const to = Math.max(from + 1, Math.floor(((at + 1) * values.length) / columns));
    return Math.max(0, ...values.slice(from, to));
  });
}
