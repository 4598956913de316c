/** The inputs of sessions over one connection to a link, each with a window of its own. */
import type { AppError } from '../../errors.ts';
import type { Channel } from './channel.ts';
import { InputWindow } from './input-window.ts';

export class SessionInputs {
  readonly #channel: Channel;
  readonly #inputs = new Map<string, { window: InputWindow; request: number }>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Returns the input of a session, if it has been written to. */
  get(sessionId: string): InputWindow | undefined {
    return this.#inputs.get(sessionId)?.window;
  }

  /** Opens the input of a session. All of it has one request number, by which an error can be assigned. */
  open(sessionId: string): InputWindow {
    const request = this.#channel.newRequest();
    const window = new InputWindow((data) =>
      this.#channel.tell({ $case: 'stdin', value: { sessionId, data } }, request),
    );
    this.#inputs.set(sessionId, { window, request });
    return window;
  }

  /** Fails the input with this request number, if there is one. */
  fail(request: number, error: AppError): void {
    for (const entry of this.#inputs.values()) if (entry.request === request) entry.window.fail(error);
  }

  /** Forgets the input of a session that has ended; those who still write get `error`. */
  end(sessionId: string, error: AppError): void {
    this.get(sessionId)?.fail(error);
    this.#inputs.delete(sessionId);
  }

  failAll(error: AppError): void {
    for (const { window } of this.#inputs.values()) window.fail(error);
    this.#inputs.clear();
  }
}
