/** Draws the dialog under its title. */
import { truncate } from '../../src/terminal/display-width.ts';
import { dialogLines, dialogTitle } from '../state/dialog-text.ts';
import { type Dialog, heightOf, type State } from '../state/state.ts';
import type { Appearance } from './theme.ts';

export function dialog(state: State, shown: Dialog, appearance: Appearance): string[] {
  const title = appearance.plain(truncate(dialogTitle(state, shown), state.size.columns));
  const top = 'top' in shown ? shown.top : 0;
  const lines = dialogLines(state, shown).slice(top, top + heightOf(state.size));
  return [appearance.paint(title, 'heading'), '', ...lines.map(appearance.plain)];
}
