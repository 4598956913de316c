import { describe, expect, it } from 'vitest';
import { listShown, press, showing, tokenRow } from '../../test/support/terminal/dashboard-state.ts';
import { keysFor, parseMouse } from './mouse.ts';
import { update } from './update.ts';

const click = (column: number, row: number) => ({ kind: 'click' as const, column, row });

describe('the mouse', () => {
  it('is parsed from reports, several at once or incomplete', () => {
    const wheel = { kind: 'wheelUp', column: 9, row: 4 };
    expect(parseMouse('\u001b[<64;10;5Mx\u001b[<0;1;2M\u001b[<0;1;2m\u001b[<2;1;1M\u001b[<0;')).toEqual({
      actions: [wheel, click(0, 1)],
      rest: '\u001b[<0;',
    });
    expect(parseMouse('jk')).toEqual({ actions: [], rest: 'jk' });
  });

  it('opens the row of the cursor, and selects any other', () => {
    const state = showing(['a', 'b', 'c'].map((id) => tokenRow(id)));
    expect(keysFor(state, click(5, 4))).toEqual(['enter']);
    expect(keysFor(state, click(5, 6))).toEqual(['down', 'down']);
    expect(listShown(update(state, { kind: 'mouse', at: click(5, 6) })).window.cursor).toBe(2);
    expect(keysFor(press(state, 'j', 'j'), click(5, 5))).toEqual(['up']);
  });

  it('does nothing outside of rows and tabs, and nothing in a dialog or prompt', () => {
    const state = showing([]);
    for (const row of [0, 2, 3, 4, 22, 23, 500]) expect(keysFor(state, click(0, row))).toEqual([]);
    expect(keysFor(state, click(79, 1))).toEqual([]);
    expect(keysFor(press(state, '?'), click(1, 1))).toEqual([]);
    expect(keysFor(press(state, '/'), click(1, 1))).toEqual([]);
  });
});
