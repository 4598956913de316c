/** A client that is attached to a session with a terminal, as any program would be. */
import { expect } from 'vitest';
import type { Client } from '../../../src/client/connect/connect.ts';
import type { Attach, AttachSessionResponse } from '../../../src/generated/latchkey/v1/session.ts';

type Event = NonNullable<AttachSessionResponse['event']>;

const PATIENCE = { timeout: 20_000, interval: 20 };
/** Longer than any text that a test waits for, in bytes. */
const LONGEST_SHOWN = 64 * 1024;

export class Attached {
  /** Everything that the server has sent, but for output. */
  readonly events: Exclude<Event, { $case: 'output' }>[] = [];
  /** Offset of the next byte of output. */
  offset = 0;
  /** Resolves with the error that has ended the attachment, if there was one. */
  readonly finished: Promise<unknown>;
  readonly #conversation;
  readonly #pieces: Buffer[] = [];
  #received = 0;
  #isPaused = false;
  #onResume = (): void => {};

  constructor(sessions: Client['sessions'], attach: Partial<Attach>) {
    this.#conversation = sessions.attachSession();
    this.send({ $case: 'attach', value: attach as Attach });
    this.finished = this.#read().then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  /** All output so far, in latin1. */
  get shown(): string {
    return this.#shownSince(0);
  }

  /** The last size and role that the server has told. */
  get state(): { columns?: number; rows?: number; writes?: boolean } {
    const values = this.events.filter(({ $case }) => $case !== 'exited').map(({ value }) => value);
    return Object.assign({}, ...values) as object;
  }

  send(
    request: NonNullable<Parameters<ReturnType<Client['sessions']['attachSession']>['send']>[0]['request']>,
  ): void {
    this.#conversation.send({ request }).catch(() => {}); // the responses have the error
  }

  types(text: string | Buffer): void {
    this.send({ $case: 'input', value: Buffer.from(text) });
  }

  resize(columns: number, rows: number): void {
    this.send({ $case: 'resize', value: { columns, rows } });
  }

  /** Stops reading, as a terminal on a slow line. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#onResume();
  }

  /** Resolves once `pattern` has been printed. Looks at each byte once or twice, since there may be many. */
  async shows(pattern: RegExp): Promise<void> {
    let searched = 0;
    const unsearched = (): string => {
      const text = this.#shownSince(Math.max(0, searched - LONGEST_SHOWN));
      searched = this.#received;
      return text;
    };
    await expect.poll(unsearched, PATIENCE).toMatch(pattern);
  }

  async is(state: Attached['state']): Promise<void> {
    await expect.poll(() => this.state, PATIENCE).toMatchObject(state);
  }

  /** Detaches. */
  async leave(): Promise<void> {
    this.resume();
    this.#conversation.cancel();
    await this.finished;
  }

  /** Returns the output from that number of received bytes on, or some more. */
  #shownSince(bytes: number): string {
    let left = this.#received - bytes;
    let first = this.#pieces.length;
    while (left > 0) left -= this.#pieces[--first]?.length ?? left;
    return Buffer.concat(this.#pieces.slice(first)).toString('latin1');
  }

  async #read(): Promise<void> {
    for await (const { event } of this.#conversation.responses) {
      if (this.#isPaused)
        await new Promise<void>((resolve) => {
          this.#onResume = resolve;
        });
      if (event?.$case === 'output') {
        this.#pieces.push(Buffer.from(event.value.data));
        this.#received += event.value.data.length;
        this.offset = event.value.offset + event.value.data.length;
      } else if (event !== undefined) this.events.push(event);
    }
  }
}
