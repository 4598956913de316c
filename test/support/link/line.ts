/** The server's end of a connection to a link, for tests that play the server. */
import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { type Frame, type Output, Stream } from '../../../src/generated/latchkey/link/v1/link.ts';
import { encodeFrame, FrameDecoder } from '../../../src/link-protocol/frames.ts';
import type { Body, Case, ValueOf } from '../../../src/link-protocol/protocol.ts';
import { bytesOf } from '../../../src/values/raw-text.ts';

/** Matches what a command is refused with. */
export function failure(reason: string, message: string | RegExp = ''): object {
  return { reason, message: expect.stringMatching(message) };
}

export class Line {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  readonly #reader = new FrameDecoder();
  readonly #history: Frame[] = [];
  readonly #readRequests = new Map<number, number>();
  readonly #waiting = new Set<() => void>();
  /** Nonce of the link's Hello. */
  nonce: Buffer = Buffer.alloc(0);
  #request = 0;
  #nextReader = 0;

  constructor(path: string) {
    this.socket = connect(path);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve)); // also after an error
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk: Buffer) => {
      const frames = this.#reader.push(chunk);
      this.frames.push(...frames);
      for (const { body } of frames) if (body?.$case === 'hello') this.nonce = body.value.nonce;
      this.#history.push(...frames);
      this.#wake();
    });
    this.socket.on('close', () => this.#wake());
  }

  send(body: Body, request = 0): void {
    this.socket.write(encodeFrame({ request, body }));
  }

  /** Takes the first frame that `pick` accepts from those that have come or will come. */
  async take<Name extends Case>(
    name: Name | 'error',
    pick: (frame: Frame) => boolean = () => true,
  ): Promise<ValueOf<Name>> {
    for (;;) {
      const index = this.frames.findIndex((frame) => {
        const matches = frame.body?.$case === name || frame.body?.$case === 'error';
        return matches && pick(frame);
      });
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame?.body?.$case === 'error' && name !== 'error')
        throw Object.assign(new Error(frame.body.value.message), frame.body.value);
      if (frame?.body !== undefined) return frame.body.value as ValueOf<Name>;
      if (this.socket.destroyed) throw new Error(`the link hung up; no ${name} came`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Resolves once a frame that `pick` accepts has come, even if it was taken. */
  async seen(pick: (body: Body) => boolean): Promise<void> {
    while (!this.#history.some(({ body }) => body !== undefined && pick(body))) {
      if (this.socket.destroyed) throw new Error('the link hung up');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Sends a command and resolves with its answer. Rejects with an error that has the link's reason. */
  async ask<Name extends Case>(body: Body, answer: Name): Promise<ValueOf<Name>> {
    const request = ++this.#request;
    this.send(body, request);
    return this.take(answer, (frame) => frame.request === request);
  }

  start(
    command: string[],
    more: Partial<ValueOf<'start'>> = {},
  ): Promise<ValueOf<'started'> & { id: string }> {
    const value = this.#startOf(command, more);
    const started = this.ask({ $case: 'start', value }, 'started');
    return started.then((told) => ({ ...told, id: value.sessionId }));
  }

  /** Sends a start whose keeper waits for its release. */
  hold(command: string[], more: Partial<ValueOf<'start'>> = {}): Promise<ValueOf<'held'>> {
    return this.ask({ $case: 'start', value: { ...this.#startOf(command, more), hold: true } }, 'held');
  }

  release(sessionId: string, run: boolean): Promise<ValueOf<'started'>> {
    return this.ask({ $case: 'release', value: { sessionId, run } }, 'started');
  }

  #startOf(command: string[], more: Partial<ValueOf<'start'>>): ValueOf<'start'> {
    return {
      sessionId: randomUUID(),
      command: command.map(bytesOf),
      environment: {},
      directory: Buffer.alloc(0),
      firstInput: Buffer.alloc(0),
      input: false,
      outputLimit: 64 * 1024 * 1024,
      awaitReader: false,
      hold: false,
      terminal: undefined,
      ...more,
    };
  }

  /** Begins to read a session's output; returns the number of the request. */
  beginRead(sessionId: string, more: Partial<ValueOf<'read'>> = {}): number {
    const reader = ++this.#nextReader;
    const value = { reader, sessionId, offset: 0, follow: true, hold: false, credit: 2 ** 50 };
    this.send({ $case: 'read', value: { ...value, times: false, ...more } }, ++this.#request);
    this.#readRequests.set(reader, this.#request);
    return reader;
  }

  /** Reads a session's output to the end. */
  async read(sessionId: string, more: Partial<ValueOf<'read'>> = {}) {
    const reader = this.beginRead(sessionId, more);
    const pieces: Output[] = [];
    for (;;) {
      const request = this.#readRequests.get(reader);
      const frame = await this.#next((candidate) => {
        return (
          readerOf(candidate) === reader ||
          (candidate.body?.$case === 'error' && candidate.request === request)
        );
      });
      if (frame.body?.$case === 'output') pieces.push(frame.body.value);
      else if (frame.body?.$case === 'readEnd') return finish(pieces, frame.body.value.exited?.status);
      else if (frame.body?.$case === 'error') throw Object.assign(new Error(), frame.body.value);
    }
  }

  async #next(pick: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const index = this.frames.findIndex(pick);
      const [frame] = index < 0 ? [] : this.frames.splice(index, 1);
      if (frame !== undefined) return frame;
      if (this.socket.destroyed) throw new Error('the link hung up');
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resolve of waiting) resolve();
  }
}

function readerOf({ body }: Frame): number | undefined {
  return body?.$case === 'output' || body?.$case === 'readEnd' ? body.value.reader : undefined;
}

function finish(pieces: Output[], status: number | undefined) {
  const of = (stream: Stream): string =>
    Buffer.concat(pieces.filter((piece) => piece.stream === stream).map(({ data }) => data)).toString();
  const all = Buffer.concat(pieces.map(({ data }) => data)).toString();
  return { stdout: of(Stream.STDOUT), stderr: of(Stream.STDERR), all, pieces, status };
}
