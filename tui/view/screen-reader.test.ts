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

describe('for a screen reader the dashboard', () => {
  it('says where one is, the row in words, and the keys, without colours or pictures', () => {
    expect(said(press(list, 'space'))).toEqual([
      'Tokens, 2 of 2, 1 marked. root, admin. connecting.',
      'token two, login bob, user bob, method link, issued 1 min ago, expires in 59 min, from vm',
      'Keys: ? help, q quit, enter open, esc back, / filter, space mark, x revoke, : go to',
    ]);
    expect(said(press(list, 'space', 'k'))[1]).toMatch(/^Marked\. token one, login alice/);
  });

  it('says what has changed by itself, once', () => {
    const changed = update(list, {
      kind: 'changes',
      query: listShown(list).query,
      changes: [{ kind: 'gone', id: 'two' }],
    });
    expect(said(changed)).toContain('News: token two of bob is gone');
    const more = update(changed, {
      kind: 'changes',
      query: listShown(list).query,
      changes: [
        { kind: 'there', row: tokenRow('one') },
        { kind: 'there', row: tokenRow('new', 'carol') },
      ],
    });
    expect(said(more)).toContain('News: 2 changes, the last: token new of carol is new');
    expect(said(press(more, 'j')).join()).not.toContain('News');
  });

  it('says a field and where it leads, questions, and what is typed', () => {
    expect(said(press(list, 'enter', 'j'))[1]).toBe('login alice, leads to Sessions, line 2 of 3');
    expect(said(press(list, 'x')).slice(1, 3)).toEqual(['Revoke?', '  token one of alice']);
    expect(said(press(list, '/', 'b'))).toContain('/b_ ');
  });
});
