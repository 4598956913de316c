import { expect, it } from 'vitest';
import { LiveScreen } from './live-screen.ts';

function drawnOn(size: { columns?: number; rows?: number }) {
  const written: string[] = [];
  const screen = new LiveScreen({ ...size, write: (text) => written.push(text) });
  return { screen, written };
}

it('writes only what has changed, in place, and never clears the screen', () => {
  const { screen, written } = drawnOn({ columns: 20, rows: 3 });
  screen.draw(['a', 'b']);
  screen.draw(['a', 'b']);
  screen.draw(['a', 'c']);
  expect(written.slice(1)).toEqual([
    '\x1b[?2026h\x1b[Ha\x1b[K\r\nb\x1b[K\r\n\x1b[J\x1b[?2026l',
    '\x1b[?2026h\x1b[Ha\x1b[K\r\nc\x1b[K\r\n\x1b[J\x1b[?2026l',
  ]);
});

it('draws no more lines than the screen has, which would scroll', () => {
  const { screen, written } = drawnOn({ columns: 20, rows: 3 });
  screen.draw(['a', 'b', 'c', 'd']);
  expect(written.join('')).not.toContain('d');
});

it('keeps the last character of lines as wide as the screen', () => {
  const { screen, written } = drawnOn({ columns: 4, rows: 2 });
  screen.draw(['\x1b[1mFROM\x1b[22m', '日本']);
  expect(written.at(-1)).toBe('\x1b[?2026h\x1b[H\x1b[1mFROM\x1b[22m\r\n日本\x1b[?2026l');
});

it('leaves the alternate screen once, and draws nothing meanwhile', () => {
  const { screen, written } = drawnOn({});
  screen.suspend();
  screen.draw(['a']);
  screen[Symbol.dispose]();
  expect(written).toEqual(['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25h\x1b[?1049l']);
  screen.resume();
  screen.draw(['a']);
  expect(written.at(-1)).toContain('a');
});
