/**
 * Typed calls from the generated definitions: a request gives a promise, a server's stream an
 * AsyncIterable, a stream both ways a conversation. Requests may leave out what they do not set.
 */
import type { Client as Channel, Metadata } from '@grpc/grpc-js';
import { AppError, isAppError } from '../../errors.ts';
import { appErrorOf } from './wire-error.ts';

interface Codec {
  encode(message: never): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromPartial(message: never): unknown;
}

interface MethodDefinition {
  readonly name: string;
  readonly requestType: Codec;
  readonly requestStream: boolean;
  readonly responseType: Codec;
  readonly responseStream: boolean;
}

interface ServiceDefinition {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, MethodDefinition>>;
}

export interface CallOptions {
  /** Ends the call, which then fails with CANCELLED. */
  readonly signal?: AbortSignal;
  /** How long the call may take. */
  readonly timeoutMs?: number;
}

/** A stream both ways. */
export interface Conversation<Request, Response> {
  readonly responses: AsyncIterable<Response>;
  /** Resolves when there is room for more. */
  send(request: Request): Promise<void>;
  /** Nothing more will be sent; responses go on. */
  end(): void;
  cancel(): void;
}

type RequestOf<Method extends MethodDefinition> = Parameters<Method['requestType']['fromPartial']>[0];
type ResponseOf<Method extends MethodDefinition> = ReturnType<Method['responseType']['decode']>;

type Call<Method extends MethodDefinition> = Method['requestStream'] extends true
  ? (options?: CallOptions) => Conversation<RequestOf<Method>, ResponseOf<Method>>
  : Method['responseStream'] extends true
    ? (request: RequestOf<Method>, options?: CallOptions) => AsyncIterable<ResponseOf<Method>>
    : (request: RequestOf<Method>, options?: CallOptions) => Promise<ResponseOf<Method>>;

/** The methods of one service. */
export type Service<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition['methods']]: Call<Definition['methods'][Name]>;
};

/** What calls go through, and what each carries. */
export interface Line {
  readonly channel: Channel;
  readonly metadata: Metadata;
  readonly address: string;
  /** Whether the token hangs on a link. */
  readonly isLink: boolean;
}

/** `definition` as calls over `line`. */
export function serviceOf<Definition extends ServiceDefinition>(
  line: Line,
  definition: Definition,
): Service<Definition> {
  const calls = Object.entries(definition.methods).map(([name, method]) => {
    const path = `/${definition.fullName}/${method.name}`;
    return [name, callOf(line, path, method)] as const;
  });
  return Object.fromEntries(calls) as unknown as Service<Definition>;
}

function callOf(line: Line, path: string, method: MethodDefinition): unknown {
  if (method.requestStream) return (options?: CallOptions) => converse(line, path, method, options);
  if (method.responseStream) {
    return (request: never, options?: CallOptions) => receive(line, path, method, request, options);
  }
  return (request: never, options?: CallOptions) => ask(line, path, method, request, options);
}

function ask(
  line: Line,
  path: string,
  method: MethodDefinition,
  request: never,
  options: CallOptions = {},
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = line.channel.makeUnaryRequest(
    path,
    encoder(method),
    decoder(method),
    request,
    line.metadata,
    timeOf(options),
    (error, response) => (error === null ? resolve(response) : reject(failure(error, line, options))),
  );
  const release = cancelWith(call, options.signal);
  return promise.finally(release);
}

async function* receive(
  line: Line,
  path: string,
  method: MethodDefinition,
  request: never,
  options: CallOptions = {},
): AsyncGenerator<unknown> {
  const call = line.channel.makeServerStreamRequest(
    path,
    encoder(method),
    decoder(method),
    request,
    line.metadata,
    timeOf(options),
  );
  const release = cancelWith(call, options.signal);
  try {
    for await (const response of call) yield response;
  } catch (error) {
    throw failure(error, line, options);
  } finally {
    release();
    call.cancel();
  }
}

function converse(
  line: Line,
  path: string,
  method: MethodDefinition,
  options: CallOptions = {},
): Conversation<never, unknown> {
  const call = line.channel.makeBidiStreamRequest(
    path,
    encoder(method),
    decoder(method),
    line.metadata,
    timeOf(options),
  );
  const release = cancelWith(call, options.signal);
  // Whoever reads the responses is told; until somebody does, an error must not end the program.
  call.on('error', () => {});
  async function* responses(): AsyncGenerator<unknown> {
    try {
      for await (const response of call) yield response;
    } catch (error) {
      throw failure(error, line, options);
    } finally {
      release();
      call.cancel();
    }
  }
  return {
    responses: responses(),
    send: (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      call.write(request, (error?: Error | null) =>
        error ? reject(failure(error, line, options)) : resolve(),
      );
      return promise;
    },
    end: () => call.end(),
    cancel: () => call.cancel(),
  };
}

/** What a call fails with; the server cannot be meant when it was this side that gave up. */
function failure(error: unknown, { address, isLink }: Line, { signal }: CallOptions): unknown {
  if (signal?.aborted) return new AppError('CANCELLED', 'cancelled');
  const told = appErrorOf(error, address);
  return isLink && isAppError(told, 'TOKEN_NOT_ACTIVE') ? linkEnded() : told;
}

/** The server knows such a token no longer, and not why. */
function linkEnded(): AppError {
  return new AppError('TOKEN_NOT_ACTIVE', 'this login has ended, with its link or by revocation');
}

function encoder({ requestType }: MethodDefinition): (request: never) => Buffer {
  return (request) => {
    const bytes = requestType.encode(requestType.fromPartial(request) as never).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function decoder({ responseType }: MethodDefinition): (bytes: Buffer) => unknown {
  return (bytes) => responseType.decode(bytes);
}

function timeOf({ timeoutMs }: CallOptions): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function cancelWith(call: { cancel(): void }, signal: AbortSignal | undefined): () => void {
  const cancel = (): void => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return () => signal?.removeEventListener('abort', cancel);
}
