import { expect, it } from 'vitest';
import { memoryOutput } from '../../../test/support/terminal/memory-io.ts';
import { LocalSize, sizeOf } from './local-size.ts';

function ioOf(columns: number | undefined, rows: number | undefined) {
  const { io } = memoryOutput();
  Object.defineProperties(io.stdout, { columns: { value: columns }, rows: { value: rows, writable: true } });
  return io;
}

it('is that of the terminal, and 80x24 where that is unknown', () => {
  expect(sizeOf(ioOf(100, 30))).toEqual({ columns: 100, rows: 30 });
  for (const [columns, rows] of [
    [undefined, undefined],
    [0, 0],
    [100, undefined],
  ])
    expect(sizeOf(ioOf(columns, rows))).toEqual({ columns: 80, rows: 24 });
});

it('is another one until the session has taken that on, so that its program draws anew', async () => {
  using size = new LocalSize(ioOf(100, 30));
  size.change();
  expect(size.current).toEqual({ columns: 100, rows: 29 });
  size.taken({ columns: 80, rows: 24 });
  expect(size.current.rows).toBe(29);
  const changed = size.changed();
  size.taken({ columns: 100, rows: 29 });
  await changed;
  expect(size.current).toEqual({ columns: 100, rows: 30 });
});

it('changes with the terminal, until it is disposed of', async () => {
  const io = ioOf(100, 30);
  const size = new LocalSize(io);
  const changed = size.changed();
  io.stdout.emit('resize');
  await changed;
  size[Symbol.dispose]();
  expect(io.stdout.listenerCount('resize')).toBe(0);
});
