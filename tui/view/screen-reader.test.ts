import { describe, expect, it } from 'vitest';
import { listShown, press, showing, tokenRow } from '../../test/support/terminal/dashboard-state.ts';
import type { State } from '../state/state.ts';
import { update } from '../state/update.ts';
import { draw } from './draw.ts';
import { appearanceOf } from './theme.ts';

const NOW = 60_000;

function said(state: State): string[] {
  return draw(state, NOW, appearanceOf('16', false, true));
}

const list = showing([tokenRow('one'), tokenRow('two', 'bob')]);

describe('the dashboard for a screen reader', () => {
  it('gives the title, the row and the keys as text, without colours', () => {
    expect(said(press(list, 'space'))).toEqual([
      'Tokens, 2 of 2, 1 marked. root, admin. connecting.',
      'token two, login bob, user bob, method link, issued 1 min ago, expires in 59 min, from vm',
      'Keys: ? help, q quit, enter open, esc back, / filter, space mark, x revoke, : go to',
    ]);
    expect(said(press(list, 'space', 'k'))[1]).toMatch(/^Marked\. token one, login alice/);
  });

  it('reports each change once', () => {
    const changed = update(list, {
      kind: 'changes',
      query: listShown(list).query,
      changes: [{ kind: 'gone', id: 'two' }],
    });
    expect(said(changed)).toContain('Update: token two of bob is gone');
    const more = update(changed, {
      kind: 'changes',
      query: listShown(list).query,
      changes: [
        { kind: 'there', row: tokenRow('one') },
        { kind: 'there', row: tokenRow('new', 'carol') },
      ],
    });
    expect(said(more)).toContain('Update: 2 changes, the last: token new of carol is new');
    expect(said(press(more, 'j')).join()).not.toContain('Update');
  });

  it('gives a field with its reference, questions, and typed text', () => {
    expect(said(press(list, 'enter', 'j'))[1]).toBe('login alice, refers to Sessions, line 2 of 3');
    expect(said(press(list, 'x')).slice(1, 3)).toEqual(['Revoke?', '  token one of alice']);
    expect(said(press(list, '/', 'b'))).toContain('/b_ ');
  });
});
