import { describe, expect, it } from 'vitest';
import { Shown } from './shown.ts';

const ESC = '\u001b[';

describe('what a terminal shows', () => {
  it('is what was written last at each place', () => {
    const shown = new Shown(3);
    shown.write(`${ESC}?1049h${ESC}?25l${ESC}1mone${ESC}0m\r\ntwo two\r\nthree`);
    shown.write(`${ESC}2A${ESC}E${ESC}5G${ESC}K2`);
    expect(shown.text).toBe('one\ntwo 2\nthree');
    shown.write(`${ESC}2J${ESC}Hnew\n\n\nlast`);
    expect(shown.text).toBe('\n\n   last');
  });

  it('counts frames when they are whole, however they are cut', () => {
    const shown = new Shown(2);
    for (const part of `${ESC}?2026h1${ESC}?2026l`) shown.write(part);
    shown.write(`${ESC}?2026h\r2`);
    expect(shown).toMatchObject({ frames: 1, isWhole: false, text: '2\n' });
    shown.write(`${ESC}?2026l`);
    expect(shown).toMatchObject({ frames: 2, isWhole: true });
  });

  it('is not guessed at', () => {
    expect(() => new Shown(2).write(`${ESC}3X`)).toThrow(/mean/);
    expect(() => new Shown(2).write('a\tb')).toThrow(/mean/);
  });
});
