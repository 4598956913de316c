/** What is to be answered or read, under its title. */
import { truncate } from '../../src/terminal/display-width.ts';
import { dialogLines, dialogTitle } from '../state/dialog-text.ts';
import { type Dialog, heightOf, type State } from '../state/state.ts';
import type { Look } from './theme.ts';

export function dialog(state: State, shown: Dialog, look: Look): string[] {
  const title = look.plain(truncate(dialogTitle(state, shown), state.size.columns));
  const top = 'top' in shown ? shown.top : 0;
  const lines = dialogLines(state, shown).slice(top, top + heightOf(state.size));
  return [look.paint(title, 'heading'), '', ...lines.map(look.plain)];
}
