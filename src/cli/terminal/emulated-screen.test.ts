import { expect, it } from 'vitest';
import { emulatedScreen, type Piece } from './emulated-screen.ts';

const SIZE = { columns: 20, rows: 5 };

async function drawn(...pieces: (string | Piece)[]) {
  return emulatedScreen(
    SIZE,
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  );
}

it('draws text, colours and the cursor', async () => {
  const screen = await drawn('one\r\n\x1b[31mtwo\x1b[m\r\n$ ');
  expect(screen.main).toBe('one\r\n\x1b[31mtwo\r\n\x1b[0m$ ');
  expect(screen).toMatchObject({ alternate: undefined, cursor: { row: 3, column: 3 } });
  expect(screen.line).toBe('$ ');
});

it('draws the lines above the screen, and the screen alone', async () => {
  const screen = await drawn(Array.from({ length: 12 }, (_, at) => `line ${at}`).join('\r\n'));
  expect(screen.withScrollback.split('\r\n')).toHaveLength(12);
  expect(screen.main.split('\r\n')[0]).toBe('line 7');
});

it('draws the alternate screen apart from the main one', async () => {
  const screen = await drawn('shell$ ', '\x1b[?1049h\x1b[2J\x1b[2;3Hdrawn');
  expect(screen.main).toBe('shell$ ');
  expect(screen.alternate).toBe('\r\n\x1b[2Cdrawn');
  expect(screen.cursor).toEqual({ row: 2, column: 8 });
});

it('answers no query in the output, and runs none again', async () => {
  const screen = await drawn('\x1b[c\x1b[6n\x1b]11;?\x07\x1b]52;c;?\x07\x05ok');
  expect(screen.main).toBe('ok');
});

it('knows how wide characters and emoji are', async () => {
  expect((await drawn('日本')).cursor.column).toBe(5);
  expect((await drawn('😀')).cursor.column).toBe(3);
  expect((await drawn('e\u0301x')).cursor.column).toBe(3);
});

it('follows the size of the terminal', async () => {
  const { cursor } = await drawn('\x1b[99;99H', { columns: 40, rows: 10 }, '\x1b[99;99H');
  expect(cursor).toEqual({ row: 10, column: 40 });
});
