/** The person at the other end of a login, as the connection to sshd sees them. */
import { inert } from '../../inert.ts';
import type { Answers, Challenge, Prompt } from '../method.ts';

export interface PromptSet {
  readonly name: string;
  readonly instruction: string;
  readonly prompts: readonly Prompt[];
}

export interface Person {
  /** Shows prompts; resolves with one answer for each. */
  ask(promptSet: PromptSet): Promise<Answers>;
  /** Shows a text of one or more lines. */
  tell(text: string): void;
}

interface Pending {
  readonly challenge: Challenge;
  answer(answers: Answers): void;
}

/** Hands challenges from callbacks to a consumer that takes them one by one, in their order. */
export class PersonBridge implements Person {
  readonly #pending: Pending[] = [];
  /** True while the person knows why nothing happens. */
  knowsWhy = false;
  #arrived = Promise.withResolvers<void>();

  ask(promptSet: PromptSet): Promise<Answers> {
    const { promise, resolve } = Promise.withResolvers<Answers>();
    this.#add({ challenge: { kind: 'prompts', ...promptSet }, answer: resolve });
    return promise;
  }

  tell(text: string): void {
    this.#add({ challenge: { kind: 'notice', text }, answer: () => {} });
  }

  #add(pending: Pending): void {
    this.#pending.push(pending);
    this.#arrived.resolve();
  }

  /** Resolves when a challenge is there to take. */
  arrived(): Promise<void> {
    return this.#arrived.promise;
  }

  /** Takes the next challenge; undefined when there is none. */
  take(): Pending | undefined {
    const next = this.#pending.shift();
    if (this.#pending.length === 0) this.#arrived = Promise.withResolvers();
    return next;
  }
}

const MAX_TEXT_LENGTH = 16_384;

/**
 * Returns a text from sshd as lines that are safe on any terminal, without empty ones at either end. Cut to
 * 16 Ki characters.
 */
export function safeLines(text: string): string {
  const isLong = text.length > MAX_TEXT_LENGTH;
  const cut = isLong ? `${text.slice(0, MAX_TEXT_LENGTH)} [cut]` : text;
  return safePrompt(cut).replace(/^\n+|\n+$/g, '');
}

/** Returns a prompt as lines that are safe on any terminal; the last one may end with a space. */
export function safePrompt(text: string): string {
  const lines = text.slice(0, 2 * MAX_TEXT_LENGTH).split(/\r?\n/);
  return lines.map((line) => inert(line.replaceAll('\t', '  '))).join('\n');
}
