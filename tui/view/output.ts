/** Draws the output of a session, under its state. */
import { truncate } from '../../src/terminal/display-width.ts';
import { type OutputView, outputState, visibleLines } from '../state/output.ts';
import { pageOf, type State } from '../state/state.ts';
import type { Appearance } from './theme.ts';

export function output({ size }: State, view: OutputView, appearance: Appearance): string[] {
  const { text, style } = outputState(view);
  return [
    appearance.paint(appearance.plain(truncate(text, size.columns)), style ?? 'dim'),
    ...visibleLines(view, pageOf(size)).map((line) => appearance.plain(line)),
  ];
}
