/** The tabs of the screens, side by side. */
import { displayWidth, truncate } from '../../src/terminal/display-width.ts';
import type { Screen } from '../screen.ts';
import { screensFor } from '../screens/all.ts';
import type { State } from './state.ts';

export interface Tab {
  readonly screen: Screen;
  readonly text: string;
}

/** Returns as many tabs as fit the terminal. */
export function tabsOf({ who, size }: State): Tab[] {
  let room = size.columns;
  return screensFor(who).map((screen, at) => {
    const text = truncate(` ${at + 1} ${screen.name} `, room);
    room -= displayWidth(text);
    return { screen, text };
  });
}
