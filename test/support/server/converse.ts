/** Logs in over the wire, as any program would: records each prompt and answers it. */

import { connect } from '../../../src/client/connect/connect.ts';
import { AppError } from '../../../src/errors.ts';
import {
  type LoginPrompts,
  LoginPurpose,
  type LoginResponse,
} from '../../../src/generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../../src/generated/latchkey/v1/token.ts';
import type { TestDaemon } from './daemon.ts';

export interface Held {
  readonly asked: LoginPrompts[];
  /** Texts shown meanwhile, but for the one that a person is told who waits for long. */
  readonly notices: string[];
  /** Token that the login led to; undefined when it failed. */
  readonly token?: string;
  /** Reason for which it failed; undefined when there was a token. */
  readonly reason?: string;
  readonly message?: string;
  /** Names of the details of the failure. */
  readonly told?: string[];
  /** Time from each answer until the next prompt or the end, in milliseconds. */
  readonly tookMs: number[];
}

/**
 * Returns the times of each round of answers in conversations held at the same time. They meet the same
 * load: only what they answered can make them differ.
 */
export function roundsOf(held: readonly Pick<Held, 'tookMs'>[]): number[][] {
  const rounds = Math.max(...held.map(({ tookMs }) => tookMs.length));
  return Array.from({ length: rounds }, (_, nth) => held.flatMap(({ tookMs }) => tookMs.slice(nth, nth + 1)));
}

/** Depends on nothing but the time that the host takes. */
const WAITING = /^The host has not answered yet/;

export interface LoginOptions {
  /** Token that the call is made with; none by default. */
  readonly token?: string;
  readonly purpose?: LoginPurpose;
  /** Called before each prompt is answered. */
  readonly beforeAnswer?: () => Promise<void>;
}

/** Answers each prompt with the next of `answers`; leaves when there is none. */
export async function converse(
  { runFolder }: TestDaemon,
  username: string,
  answers: readonly string[],
  { token, purpose = LoginPurpose.LOGIN, beforeAnswer }: LoginOptions = {},
): Promise<Held> {
  const caller = token === undefined ? { anonymous: true } : { token };
  await using client = await connect({ run: runFolder, env: {}, ...caller });
  const conversation = client.auth.login();
  const begin = { method: AuthMethod.SSH, username, purpose };
  await conversation.send({ request: { $case: 'begin', value: begin } });
  const asked: LoginPrompts[] = [];
  const notices: string[] = [];
  const tookMs: number[] = [];
  let answeredMs: number | undefined;
  const followed = (): void => {
    if (answeredMs !== undefined) tookMs.push(performance.now() - answeredMs);
    answeredMs = undefined;
  };
  try {
    for await (const { challenge } of conversation.responses as AsyncIterable<LoginResponse>) {
      if (challenge?.$case === 'notice') {
        if (!WAITING.test(challenge.value.text)) notices.push(challenge.value.text);
        continue;
      }
      followed();
      if (challenge?.$case === 'done') return { asked, notices, tookMs, token: challenge.value.token };
      if (challenge?.$case !== 'prompts') continue;
      const text = answers[asked.length];
      asked.push(challenge.value);
      if (text === undefined) break;
      await beforeAnswer?.();
      answeredMs = performance.now();
      await conversation.send({ request: { $case: 'answers', value: { texts: [text] } } });
    }
    return { asked, notices, tookMs };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    followed();
    const { reason, message, details } = error;
    return { asked, notices, tookMs, reason, message, told: Object.keys(details) };
  }
}
