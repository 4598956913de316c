import { describe, expect, it } from 'vitest';
import { TUI } from '../src/entry/roles/tui.ts';
import { readOptions } from './options.ts';
import { screens } from './screens/all.ts';

describe('the arguments of latchkey tui', () => {
  it('offer every screen', () => {
    expect(TUI.options.screen.choices).toEqual(screens.map(({ name }) => name.toLowerCase()));
  });

  it('are refused with the next step when they are invalid', () => {
    expect(() => readOptions(['--teme'], {})).toThrow("unknown option '--teme'; see latchkey tui --help");
    expect(() => readOptions(['--theme', 'pink'], {})).toThrow('--theme is one of dark, light, 16, none');
    expect(() => readOptions(['a', 'b'], {})).toThrow("unexpected argument 'b'; see latchkey tui --help");
  });
});
