/** Decodes the requests of one call, calls its handler, and sends the encoded answers. */
import { AppError } from '../../errors.ts';
import type { MethodDefinition } from '../../service-definition.ts';
import type { Caller } from '../pipeline/caller.ts';
import { LongMessage, type ServedMethod } from '../pipeline/methods.ts';
import type { CallStream } from './call-stream.ts';

/** Time limits for the messages that a client must send: the first, and in a public method each one. */
export interface ReadLimits {
  readonly messageDueMs: number;
  /** Time limit for typed messages, in milliseconds. */
  readonly typedDueMs: number;
  readonly onIdle: (error: AppError) => void;
}

/** Reads the request or requests, calls the handler once, and sends its answer or answers. */
export async function dispatch(
  method: ServedMethod,
  stream: CallStream,
  caller: Caller,
  limits: ReadLimits,
): Promise<void> {
  const { definition, handler } = method;
  const request = definition.requestStream
    ? requestsOf(method, stream, limits)
    : await singleRequest(definition, stream, limits);
  const answer = handler(request, caller);
  if (!definition.responseStream) return stream.write(encode(definition, await answer));
  for await (const message of answer as AsyncIterable<unknown>) {
    if (message instanceof LongMessage) await stream.writeLong(message.head, message.tail);
    else await stream.write(encode(definition, message));
  }
}

async function* requestsOf(
  { definition, row }: ServedMethod,
  stream: CallStream,
  { messageDueMs, typedDueMs, onIdle }: ReadLimits,
): AsyncGenerator<unknown> {
  let dueMs = messageDueMs;
  for (let due = true; ; due = row.access === 'public') {
    const limitMs = dueMs;
    const timer = due ? setTimeout(() => onIdle(idleError(limitMs)), limitMs) : undefined;
    dueMs = row.isTyped ? typedDueMs : messageDueMs;
    const message = await stream.read().finally(() => clearTimeout(timer));
    if (message === undefined) return;
    yield decode(definition, message);
  }
}

/** Reads the request of a method that takes exactly one. */
async function singleRequest(
  definition: MethodDefinition,
  stream: CallStream,
  { messageDueMs, onIdle }: ReadLimits,
): Promise<unknown> {
  const timer = setTimeout(() => onIdle(idleError(messageDueMs)), messageDueMs);
  try {
    return decode(definition, await stream.readSingle());
  } finally {
    clearTimeout(timer);
  }
}

function decode({ requestType }: MethodDefinition, bytes: Buffer): unknown {
  try {
    return requestType.decode(bytes);
  } catch (cause) {
    throw new AppError('INVALID_ARGUMENT', 'the request is not a message of this method', { cause });
  }
}

function encode({ responseType }: MethodDefinition, message: unknown): Uint8Array {
  return responseType.encode(message as never).finish();
}

function idleError(messageDueMs: number): AppError {
  return new AppError('DEADLINE_EXCEEDED', `no complete message came within ${messageDueMs / 1000} s`);
}
