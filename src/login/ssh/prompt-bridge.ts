/** Hands prompts from a callback to a consumer that takes them one by one. */
import type { Answers, Prompt } from '../method.ts';

export interface PromptSet {
  readonly name: string;
  readonly instruction: string;
  readonly prompts: readonly Prompt[];
}

export interface Question {
  readonly promptSet: PromptSet;
  answer(answers: Answers): void;
}

export class PromptBridge {
  #next = Promise.withResolvers<Question>();

  /** Submits prompts; resolves with the answers. */
  ask(promptSet: PromptSet): Promise<Answers> {
    const { promise, resolve } = Promise.withResolvers<Answers>();
    this.#next.resolve({ promptSet, answer: resolve });
    return promise;
  }

  /** Resolves with the next question; with the same one again until it has been answered. */
  async next(): Promise<Question> {
    const { promptSet, answer } = await this.#next.promise;
    return {
      promptSet,
      answer: (answers) => {
        this.#next = Promise.withResolvers();
        answer(answers);
      },
    };
  }
}
