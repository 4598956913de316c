import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CuttingProxy } from '../../test/support/server/cutting-proxy.ts';
import { ServedApi } from '../../test/support/server/served-api.ts';
import { AppError } from '../errors.ts';
import type { Client } from './connect/connect.ts';
import { followSession, type Progress } from './follow-session.ts';

/** A session that prints `text` in pieces, waits for `release` in the middle, and takes input. */
class FakeSession {
  readonly text = Buffer.from(Array.from({ length: 4000 }, (_, index) => `line ${index}\n`).join(''));
  readonly input: Buffer[] = [];
  readonly attached: number[] = [];
  inputClosed = 0;
  held = Promise.withResolvers<void>();
  failures: AppError[] = [];
  firstKept = 0;
  inputError: AppError | undefined;

  attach({ offset, signal }: { offset: number; signal: AbortSignal }): object {
    this.attached.push(offset);
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (offset < this.firstKept) {
      throw new AppError('OUTPUT_DROPPED', 'gone', { details: { firstOffset: String(this.firstKept) } });
    }
    return {
      output: this.#output(offset, signal),
      input: async (data: Buffer) => {
        if (this.inputError) throw this.inputError;
        this.input.push(data);
      },
      closeInput: async () => {
        this.inputClosed += 1;
      },
      [Symbol.dispose]: () => {},
    };
  }

  async *#output(from: number, signal: AbortSignal): AsyncGenerator<object, object> {
    const gone = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason)),
    );
    gone.catch(() => {});
    for (let offset = from; offset < this.text.length; offset += 1000) {
      if (offset >= this.text.length / 2) await Promise.race([this.held.promise, gone]);
      yield { offset, stream: 'stdout', data: this.text.subarray(offset, offset + 1000) };
    }
    return { exited: { status: 7 } };
  }
}

let session: FakeSession;
let api: ServedApi;
let proxy: CuttingProxy;
let client: Client;
let got: Buffer[];
let progress: Progress[];
beforeEach(async () => {
  session = new FakeSession();
  api = await ServedApi.start({
    sessions: {
      attach: async (request: never) => session.attach(request),
      oomKillsOf: async () => undefined,
    } as never,
  });
  proxy = await CuttingProxy.to(api.port);
  client = await api.client('alice', { server: proxy.address });
  got = [];
  progress = [];
});
afterEach(async () => {
  await client.close();
  await proxy[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

function follow(more: object = {}): ReturnType<typeof followSession> {
  return followSession(client.sessions, {
    sessionId: 's',
    offset: 0,
    onOutput: ({ data }) => void got.push(data),
    onProgress: (event) => void progress.push(event),
    ...more,
  });
}

const kinds = (): string[] => progress.map(({ kind }) => kind);
const half = async (): Promise<void> =>
  expect
    .poll(() => Buffer.concat(got).length, { interval: 5 })
    .toBeGreaterThanOrEqual(session.text.length / 2 - 1000);

describe('following a session', () => {
  it('delivers all output and the exit status', async () => {
    session.held.resolve();
    expect(await follow()).toEqual({ exitStatus: 7 });
    expect(Buffer.concat(got)).toEqual(session.text);
    expect(progress).toEqual([]);
  });

  it('neither loses nor repeats a byte when the connection breaks (X4)', async () => {
    const following = follow();
    await half();
    proxy.cut();
    await expect.poll(() => session.attached.length).toBe(2);
    session.held.resolve();
    expect(await following).toEqual({ exitStatus: 7 });
    expect(Buffer.concat(got)).toEqual(session.text);
    expect(kinds()).toEqual(['lost', 'reconnected']);
  });

  it('continues after an outage of the server', async () => {
    const following = follow();
    await half();
    proxy.aim(0);
    await api.stop();
    await expect.poll(kinds).toContain('lost');
    const again = await ServedApi.start({
      folder: api.folder,
      sessions: {
        attach: async (request: never) => session.attach(request),
        oomKillsOf: async () => undefined,
      } as never,
    });
    proxy.aim(again.port);
    session.held.resolve();
    expect(await following).toEqual({ exitStatus: 7 });
    expect(Buffer.concat(got)).toEqual(session.text);
    await again.stop();
  });

  it('retries while the link is lost, and gives up in the end', async () => {
    const lost = new AppError('LINK_LOST', 'the link is lost');
    session.failures = [lost, lost];
    session.held.resolve();
    expect(await follow()).toEqual({ exitStatus: 7 });
    session.failures = Array.from({ length: 1000 }, () => lost);
    await expect(follow({ giveUpMs: 100 })).rejects.toEqual(expect.objectContaining({ reason: 'LINK_LOST' }));
    session.failures = [new AppError('NOT_FOUND', 'there is no such session')];
    await expect(follow()).rejects.toEqual(expect.objectContaining({ reason: 'NOT_FOUND' }));
  });

  it('reports dropped output, and continues after it', async () => {
    session.firstKept = 3000;
    session.held.resolve();
    await follow();
    expect(progress).toEqual([{ kind: 'dropped', bytes: 3000 }]);
    expect(Buffer.concat(got)).toEqual(session.text.subarray(3000));
  });

  it('does not attach again for output that it says it has', async () => {
    const gone = new AppError('OUTPUT_DROPPED', 'gone', { details: { firstOffset: '0' } });
    session.failures = [gone, gone];
    await expect(follow()).rejects.toMatchObject({ reason: 'OUTPUT_DROPPED' });
    expect(session.attached).toEqual([0]);
  });

  it('stops when it is cancelled', async () => {
    const control = new AbortController();
    const following = follow({ signal: control.signal });
    await half();
    control.abort();
    await expect(following).rejects.toEqual(expect.objectContaining({ reason: 'CANCELLED' }));
  });
});

describe('input for a session', () => {
  it('is sent in pieces up to its end, and continues after a lost connection', async () => {
    const more = Promise.withResolvers<void>();
    async function* typed(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(200_000, 'a');
      await more.promise;
      yield Buffer.from('b');
    }
    const following = follow({ input: typed() });
    await expect.poll(() => Buffer.concat(session.input).length).toBe(200_000);
    await half();
    proxy.cut();
    await expect.poll(() => session.attached.length).toBe(2);
    more.resolve();
    await expect.poll(() => session.inputClosed).toBe(1);
    session.held.resolve();
    await following;
    expect(Buffer.concat(session.input).toString()).toBe(`${'a'.repeat(200_000)}b`);
  });

  it('that the program does not accept does not end the following', async () => {
    session.inputError = new AppError('INPUT_CLOSED', 'no input');
    const input = (async function* () {
      yield Buffer.from('x');
    })();
    const following = follow({ input });
    await expect.poll(kinds).toEqual(['input-closed']);
    session.held.resolve();
    expect(await following).toEqual({ exitStatus: 7 });
    expect(Buffer.concat(got)).toEqual(session.text);
  });

  it('is refused when a piece is too large', async () => {
    const conversation = client.sessions.attachSession();
    void conversation.send({ request: { $case: 'attach', value: { sessionId: 's', offset: 0 } } });
    void conversation.send({ request: { $case: 'input', value: Buffer.alloc(256 * 1024 + 1) } });
    const drain = async (): Promise<void> => {
      for await (const _ of conversation.responses);
    };
    await expect(drain()).rejects.toEqual(expect.objectContaining({ reason: 'INVALID_ARGUMENT' }));
  });
});
