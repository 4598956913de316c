import { describe, expect, it } from 'vitest';
import { TUI } from '../src/entry/roles/tui.ts';
import { readOptions } from './options.ts';
import { screens } from './screens/all.ts';

describe('the words behind tui', () => {
  it('name every screen there is', () => {
    expect(TUI.options.screen.choices).toEqual(screens.map(({ name }) => name.toLowerCase()));
  });

  it('say to other commands of this program the same server and the same person', () => {
    const words = ['host:1', '--run', '/r', '--ca', 'c', '--token-file', 't', '--local-admin'];
    expect(readOptions(words, {}).connecting).toEqual([
      '--server=host:1',
      '--run=/r',
      '--ca=c',
      '--token-file=t',
      '--local-admin',
    ]);
    expect(readOptions([], {}).connecting).toEqual([]);
  });

  it('are refused with what to do instead where there are none like that', () => {
    expect(() => readOptions(['--teme'], {})).toThrow("unknown option '--teme'; see latchkey tui --help");
    expect(() => readOptions(['--theme', 'pink'], {})).toThrow('--theme is one of dark, light, 16, none');
    expect(() => readOptions(['a', 'b'], {})).toThrow("unexpected argument 'b'; see latchkey tui --help");
  });
});
