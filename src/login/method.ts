/**
 * The login room: how a person without a token gets one. A login method exchanges challenges and answers
 * only through the conversation, failures are counted and slow down only the client that caused them, and
 * all refusals look alike. A secret is kept no longer than the attempt it was entered for. This room
 * never decides what a login may do.
 *
 * A login method is an async generator that yields challenges, receives answers and returns its outcome;
 * ssh/ssh-login.ts is one.
 */

import type { AuthMethodName } from '../values/auth-method.ts';
import type { Outcome } from './outcome.ts';

export interface Prompt {
  readonly text: string;
  /** True when the typed text may be shown. */
  readonly echo: boolean;
}

/** A set of prompts or a notice from the server; only prompts are answered. */
export type Challenge =
  | {
      readonly kind: 'prompts';
      readonly name: string;
      readonly instruction: string;
      readonly prompts: readonly Prompt[];
    }
  | { readonly kind: 'notice'; readonly text: string };

/** One text for each prompt; empty for a notice. */
export type Answers = readonly string[];

/** The origin of a client. */
export interface LoginOrigin {
  /** Network address, for the token's claim. */
  readonly address: string;
  /** The origin that failures are counted by: an address or network, or a uid of this host. */
  readonly source: string;
}

/** One attempt with one method. */
export interface Attempt {
  readonly username: string;
  readonly origin: LoginOrigin;
  /** Aborts when the conversation has ended. */
  readonly signal: AbortSignal;
}

export interface LoginMethod {
  /** Name that clients select it by. */
  readonly name: AuthMethodName;
  /** Description for people, one sentence. */
  readonly description: string;
  /** True when a login leaves a link daemon of its Linux user. */
  readonly startsLinks?: boolean;
  /** Returns true when it could succeed now. */
  isUsable(): boolean;
  /**
   * Returns the canonical name of the account called `username`, so that all its spellings are counted
   * together.
   */
  canonicalNameOf?(username: string): Promise<string>;
  /** Returns the address that sshd logs for a login from `origin`, when it is not the client's. */
  sshFrom?(origin: LoginOrigin): string | undefined;
  /** Returns how the attempt ended; throws for failures of the system. */
  attempt(attempt: Attempt): AsyncGenerator<Challenge, Outcome, Answers>;
}
