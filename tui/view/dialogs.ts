/** Draws the dialog under its title. */
import { truncate } from '../../src/terminal/display-width.ts';
import { dialogCells, dialogTitle } from '../state/dialog-text.ts';
import { type Dialog, heightOf, type State } from '../state/state.ts';
import type { Appearance } from './theme.ts';

export function dialog(state: State, shown: Dialog, appearance: Appearance): string[] {
  const title = appearance.plain(truncate(dialogTitle(state, shown), state.size.columns));
  const top = 'top' in shown ? shown.top : 0;
  const lines = dialogCells(state, shown).slice(top, top + heightOf(state.size));
  const painted = lines.map(({ text, style }) => appearance.paint(appearance.plain(text), style));
  return [appearance.paint(title, 'heading'), '', ...painted];
}
