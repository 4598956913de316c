import { describe, expect, it } from 'vitest';
import { listShown, press, showing, tokenRow } from '../../test/support/terminal/dashboard-state.ts';
import { keysFor, parseMouse } from './mouse.ts';
import { update } from './update.ts';

const click = (column: number, row: number) => ({ kind: 'click' as const, column, row });

describe('the mouse', () => {
  it('is read from its reports, several of them or a part of one', () => {
    const wheel = { kind: 'wheelUp', column: 9, row: 4 };
    expect(parseMouse('\u001b[<64;10;5Mx\u001b[<0;1;2M\u001b[<0;1;2m\u001b[<2;1;1M\u001b[<0;')).toEqual({
      found: [wheel, click(0, 1)],
      behind: '\u001b[<0;',
    });
    expect(parseMouse('jk')).toEqual({ found: [], behind: 'jk' });
  });

  it('opens the row that the cursor is on, and goes to another', () => {
    const state = showing(['a', 'b', 'c'].map((id) => tokenRow(id)));
    expect(keysFor(state, click(5, 4))).toEqual(['enter']);
    expect(keysFor(state, click(5, 6))).toEqual(['down', 'down']);
    expect(listShown(update(state, { kind: 'mouse', at: click(5, 6) })).window.cursor).toBe(2);
    expect(keysFor(press(state, 'j', 'j'), click(5, 5))).toEqual(['up']);
  });

  it('does nothing where nothing is, nor to what asks for keys', () => {
    const state = showing([]);
    for (const row of [0, 2, 3, 4, 22, 23, 500]) expect(keysFor(state, click(0, row))).toEqual([]);
    expect(keysFor(state, click(79, 1))).toEqual([]);
    expect(keysFor(press(state, '?'), click(1, 1))).toEqual([]);
    expect(keysFor(press(state, '/'), click(1, 1))).toEqual([]);
  });
});
