/** Texts that tell people of an idle session. */
import { type Idle, IdleAction } from '../../generated/latchkey/link/v1/link.ts';
import { timeSpan } from '../../terminal/relative-time.ts';

const ENDINGS: Partial<Record<IdleAction, string>> = {
  [IdleAction.DISCONNECT]: 'is disconnected',
  [IdleAction.END]: 'ends',
};

/** Returns a sentence such as "this session has been idle for 1 h 55 min, and ends in 5 min unless …". */
export function idleText({ action, idleSeconds, secondsLeft }: Omit<Idle, 'sessionId'>): string {
  const idle = `this session has been idle for ${timeSpan(Math.max(1, idleSeconds), 2)}`;
  const ending = ENDINGS[action];
  if (ending === undefined) return idle;
  if (secondsLeft === 0) return `${idle}, and ${ending} now`;
  return `${idle}, and ${ending} in ${timeSpan(secondsLeft, 2)} unless it is used`;
}
