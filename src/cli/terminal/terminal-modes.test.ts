import { expect, it } from 'vitest';
import { TerminalModes } from './terminal-modes.ts';

const CURSOR = { row: 5, column: 7 };

function after(...output: string[]): TerminalModes {
  const modes = new TerminalModes();
  for (const text of output) modes.take(Buffer.from(text));
  return modes;
}

it('undoes nothing where a program has changed nothing', () => {
  expect(after('plain text\r\n', 'wide 日本\r\n').undo).toBe('');
});

it('undoes what a full-screen program has changed, and leaves the alternate screen last', () => {
  const { undo, isAlternate } = after(
    '\x1b[?1049h\x1b[?1h\x1b=\x1b[?25l\x1b[?1000;1006h\x1b[?2004h\x1b[5 q\x1b[2;20r',
  );
  expect(isAlternate).toBe(true);
  for (const each of [
    '\x1b[?1l',
    '\x1b>',
    '\x1b[?25h',
    '\x1b[?1000l',
    '\x1b[?1006l',
    '\x1b[?2004l',
    '\x1b[0 q',
    '\x1b[r',
  ])
    expect(undo).toContain(each);
  expect(undo.endsWith('\x1b[?1049l')).toBe(true);
});

it('undoes nothing that the program has undone itself', () => {
  const program = '\x1b[?1049h\x1b[?25l\x1b[?1002h\x1b[>1u\x1b[>4;2m';
  const { undo, isAlternate } = after(program, '\x1b[<u\x1b[>4;0m\x1b[?1002l\x1b[?25h\x1b[?1049l');
  expect(isAlternate).toBe(false);
  expect(undo).toBe('\x1b[m\x1b(B\x0f');
});

it('undoes keyboards, colours and links', () => {
  const { undo } = after('\x1b[>1u\x1b[>5u\x1b[>4;2m\x1b]11;#000\x07\x1b]8;;http://x\x1b\\');
  for (const each of ['\x1b[<2u', '\x1b[>4m', '\x1b]111\x1b\\', '\x1b]8;;\x1b\\'])
    expect(undo).toContain(each);
  expect(after('\x1b]11;?\x1b\\').undo).not.toContain('111');
});

it('finds sequences wherever the output is cut', () => {
  const whole = 'a\x1b[?1049h\x1b]2;日本 title\x1b\\\x1b[?2004hb\x1b[3;9r';
  const bytes = Buffer.from(whole);
  for (let at = 1; at < bytes.length; at += 1) {
    const modes = new TerminalModes();
    modes.take(bytes.subarray(0, at));
    modes.take(bytes.subarray(at));
    expect(modes.isAlternate).toBe(true);
    expect(modes.others).toBe('\x1b]2;日本 title\x1b\\');
    expect(modes.screen(CURSOR)).toBe('\x1b[3;9r\x1b[?2004h\x1b[5;7H');
  }
});

it('places the cursor within the scroll region that is its origin', () => {
  expect(after('\x1b[3;9r\x1b[?6h').screen(CURSOR)).toBe('\x1b[3;9r\x1b[?6h\x1b[3;7H');
  const resized = after('\x1b[3;9r');
  resized.resized();
  expect(resized.screen(CURSOR)).toBe('');
});

it('forgets everything with a reset, and what a soft reset ends', () => {
  expect(after('\x1b[?1049h\x1b[?1h\x1b[>1u\x1b[2;9r\x1bc').undo).toBe('\x1b[m\x1b(B\x0f');
  expect(after('\x1b[?25l\x1b[4h\x1b[?2004h\x1b[!p').screen(CURSOR)).toBe('\x1b[?2004h');
});

it('knows the title that a program has put back', () => {
  expect(after('\x1b]0;shell\x07\x1b[22;2t\x1b]2;vim\x07').savedTitles).toBe(1);
  const modes = after('\x1b]0;shell\x07\x1b[22;2t\x1b]2;vim\x07\x1b[23;2t');
  expect([modes.others, modes.savedTitles]).toEqual(['\x1b]2;shell\x1b\\', 0]);
});

it('is drawn while the cursor is hidden, too', () => {
  expect(after('\x1b[?25l').isDrawn).toBe(true);
  expect(after('\x1b[?25l\x1b[?25h').isDrawn).toBe(false);
});

it('does not wait for the end of a sequence that is too long for one', () => {
  const modes = after(`\x1b]2;${'x'.repeat(10_000)}`, '\x1b[?1049h');
  expect(modes.isAlternate).toBe(true);
});
