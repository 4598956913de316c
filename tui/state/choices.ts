/** Choosing from a short list, or typing a value that is not in it. */
import type { SendAction } from '../screen.ts';
import { typed } from './key-names.ts';
import type { Dialog, State } from './state.ts';

type Choosing = Extract<Dialog, { kind: 'choose' }>;

/** Longest typed value. */
const LONGEST = 20;

/** Returns the choices that begin with `text`. */
export function matching({ choices }: SendAction, text: string): SendAction['choices'] {
  return choices.filter(({ name }) => name.startsWith(plain(text)));
}

/** Returns what Enter would send; '' for nothing. */
export function chosen(action: SendAction, text: string, at: number): string {
  return matching(action, text)[at]?.name ?? plain(text);
}

export function choosing(state: State, dialog: Choosing, key: string): State {
  const { action, targets, text, at } = dialog;
  const found = matching(action, text);
  const with_ = (change: Partial<Choosing>): State => ({ ...state, dialog: { ...dialog, ...change } });
  if (key === 'esc' || key === '^c') return { ...state, dialog: undefined };
  if (key === 'down') return with_({ at: Math.min(at + 1, Math.max(0, found.length - 1)) });
  if (key === 'up') return with_({ at: Math.max(0, at - 1) });
  if (key === 'backspace') return with_({ text: text.slice(0, -1), at: 0 });
  if (key === 'enter') {
    const choice = chosen(action, text, at);
    if (choice === '') return state;
    const job = { kind: 'send', action, targets, choice } as const;
    return { ...state, dialog: { kind: 'working', job, done: 0, isStopping: false } };
  }
  const more = typed(key);
  return more === undefined || text.length >= LONGEST ? state : with_({ text: text + more, at: 0 });
}

/** "sigusr1" is USR1. */
function plain(text: string): string {
  return text.trim().toUpperCase().replace(/^SIG/, '');
}
