/** Choosing from a short list, or typing a value. */
import type { Question } from '../screen.ts';
import { typed } from './key-names.ts';
import type { Dialog, State } from './state.ts';

type Choosing = Extract<Dialog, { kind: 'choose' }>;

/** Returns the choices that begin with `text`. */
export function matching({ choices, toValue }: Question, text: string): Question['choices'] {
  return choices.filter(({ name }) => name.startsWith(toValue(text.trim())));
}

/** Returns what Enter would take; '' for nothing. */
export function chosen(asks: Question, text: string, at: number): string {
  return matching(asks, text)[at]?.name ?? asks.toValue(text.trim());
}

export function choosing(state: State, dialog: Choosing, key: string): State {
  const { asks, text, at } = dialog;
  const found = matching(asks, text);
  const with_ = (change: Partial<Choosing>): State => ({ ...state, dialog: { ...dialog, ...change } });
  if (key === 'esc' || key === '^c') return { ...state, dialog: undefined };
  if (key === 'down') return with_({ at: Math.min(at + 1, Math.max(0, found.length - 1)) });
  if (key === 'up') return with_({ at: Math.max(0, at - 1) });
  if (key === 'backspace') return with_({ text: Array.from(text).slice(0, -1).join(''), at: 0 });
  if (key === '^u') return with_({ text: '', at: 0 });
  if (key === 'enter') return taken(state, dialog);
  const more = typed(key);
  return more === undefined || text.length >= asks.longest ? state : with_({ text: text + more, at: 0 });
}

/** Sends the value, or asks before anything is changed. */
function taken(state: State, { action, asks, targets, text, at }: Choosing): State {
  const value = chosen(asks, text, at);
  if (value === '' && !asks.isOptional) return state;
  if (action.kind === 'change')
    return { ...state, dialog: { kind: 'change', action, targets, value, preview: undefined } };
  const job = { kind: 'send', action, targets, choice: value } as const;
  return { ...state, dialog: { kind: 'working', job, done: 0, isStopping: false } };
}
