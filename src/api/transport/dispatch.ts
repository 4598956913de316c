/** The messages of one call: bytes in, one domain call, bytes out. */
import { AppError } from '../../errors.ts';
import type { Caller } from '../pipeline/caller.ts';
import { LongMessage, type MethodDefinition, type ServedMethod } from '../pipeline/methods.ts';
import type { CallStream } from './call-stream.ts';

/** A client that keeps us waiting: for its first message, and in a public method for each. */
export interface Patience {
  readonly messageDueMs: number;
  /** For messages that people type. */
  readonly typedDueMs: number;
  readonly onIdle: (error: AppError) => void;
}

/** Reads what the method takes, calls its handler once, and sends what it gives. */
export async function dispatch(
  method: ServedMethod,
  stream: CallStream,
  caller: Caller,
  patience: Patience,
): Promise<void> {
  const { definition, handler } = method;
  const request = definition.requestStream
    ? requestsOf(method, stream, patience)
    : await onlyOne(definition, stream, patience);
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
  { messageDueMs, typedDueMs, onIdle }: Patience,
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

/** The one message of a method that takes one, once the client has said that there is no other. */
async function onlyOne(
  definition: MethodDefinition,
  stream: CallStream,
  { messageDueMs, onIdle }: Patience,
): Promise<unknown> {
  const timer = setTimeout(() => onIdle(idleError(messageDueMs)), messageDueMs);
  try {
    return decode(definition, await stream.readOnly());
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
