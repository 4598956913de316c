/** The prompt for a filter, or for the name of a screen. */

import type { CallerIdentity } from '../../src/client/watch/reconnecting-client.ts';
import type { Screen } from '../screen.ts';
import { screensFor } from '../screens/all.ts';
import { typed } from './key-names.ts';
import { filtered, openScreen } from './navigation.ts';
import type { Prompt, State } from './state.ts';

/** Longest text that the server accepts. */
const LONGEST = 200;

export function editPrompt(state: State, prompt: Prompt, key: string): State {
  const with_ = (text: string): State => ({ ...state, prompt: { ...prompt, text } });
  if (key === 'enter') return accepted({ ...state, prompt: undefined }, prompt);
  if (key === 'esc' || key === '^c') return cancelled({ ...state, prompt: undefined }, prompt);
  if (key === 'backspace') return with_(Array.from(prompt.text).slice(0, -1).join(''));
  if (key === '^u') return with_('');
  const text = typed(key);
  return text === undefined || prompt.text.length >= LONGEST ? state : with_(prompt.text + text);
}

/** Returns the screens whose name begins with `text`. */
export function screensMatching(text: string, who: CallerIdentity): Screen[] {
  return screensFor(who).filter(({ name }) => name.toLowerCase().startsWith(text.trim().toLowerCase()));
}

function accepted(state: State, { kind, text }: Prompt): State {
  if (kind === 'filter') return filtered(state, text);
  const [screen] = screensMatching(text, state.who);
  return screen === undefined ? { ...state, note: `there is no screen ${text}` } : openScreen(state, screen);
}

function cancelled(state: State, { kind }: Prompt): State {
  return kind === 'filter' ? filtered(state, '') : state;
}
