/**
 * Makes typed calls from the generated definitions: a unary call returns a promise, a server stream an
 * AsyncIterable, a bidirectional stream a Conversation. Requests may omit fields.
 */
import type { Client as Channel, Metadata } from '@grpc/grpc-js';
import { AppError, isAppError } from '../../errors.ts';
import { type GetInfoResponse, SystemServiceDefinition } from '../../generated/latchkey/v1/system.ts';
import type { MethodDefinition, ServiceDefinition } from '../../service-definition.ts';
import { decodeResponse } from './decode-response.ts';
import type { ConnectionWatch, Waiting } from './patience.ts';
import { checkIsPreview, checkSupportsPreview, isPreview } from './preview.ts';
import { appErrorOf } from './wire-error.ts';

export interface CallOptions {
  /** Cancels the call, which then fails with CANCELLED. */
  readonly signal?: AbortSignal;
  /** Time limit of the whole call, in milliseconds. */
  readonly timeoutMs?: number;
}

/** A bidirectional stream. */
export interface Conversation<Request, Response> {
  readonly responses: AsyncIterable<Response>;
  /** Resolves when there is room for the next message. */
  send(request: Request): Promise<void>;
  /** Ends the requests; responses continue. */
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

/** The gRPC channel of the calls, and the metadata of each. */
export interface Transport {
  readonly channel: Channel;
  readonly metadata: Metadata;
  readonly address: string;
  readonly watch: ConnectionWatch;
  /** True when the token belongs to a link and ends with it. */
  readonly isLink: boolean;
  /**
   * Replaces a token that the server does not know by a newer one; resolves with false when there is none.
   * Only a call that was refused for its token may be made again.
   */
  readonly renewToken: () => Promise<boolean>;
}

/** Returns the methods of `definition` as calls over `transport`. */
export function serviceOf<Definition extends ServiceDefinition>(
  transport: Transport,
  definition: Definition,
): Service<Definition> {
  const calls = Object.entries(definition.methods).map(([name, method]) => {
    return [name, callOf(transport, pathOf(definition, method), method)] as const;
  });
  return Object.fromEntries(calls) as unknown as Service<Definition>;
}

function pathOf({ fullName }: ServiceDefinition, { name }: MethodDefinition): string {
  return `/${fullName}/${name}`;
}

function callOf(transport: Transport, path: string, method: MethodDefinition): unknown {
  if (method.requestStream) return (options?: CallOptions) => converse(transport, path, method, options);
  if (method.responseStream) {
    return (request: never, options?: CallOptions) => receive(transport, path, method, request, options);
  }
  return (request: never, options?: CallOptions) =>
    isPreview(request)
      ? preview(transport, path, method, request, options)
      : ask(transport, path, method, request, options);
}

/** Makes a call with `validate_only`. Throws UNAVAILABLE, and sends nothing, when the server ignores that. */
async function preview(
  transport: Transport,
  path: string,
  method: MethodDefinition,
  request: never,
  options?: CallOptions,
): Promise<unknown> {
  const { getInfo } = SystemServiceDefinition.methods;
  const info = await ask(transport, pathOf(SystemServiceDefinition, getInfo), getInfo, {} as never, options);
  checkSupportsPreview(info as GetInfoResponse, transport.address);
  const answer = await ask(transport, path, method, request, options);
  checkIsPreview(answer as object, transport.address);
  return answer;
}

async function ask(
  transport: Transport,
  path: string,
  method: MethodDefinition,
  request: never,
  options: CallOptions = {},
): Promise<unknown> {
  try {
    return await askOnce(transport, path, method, request, options);
  } catch (error) {
    if (!isAppError(error, 'TOKEN_NOT_ACTIVE') || !(await transport.renewToken())) throw error;
    return askOnce(transport, path, method, request, options);
  }
}

function askOnce(
  transport: Transport,
  path: string,
  method: MethodDefinition,
  request: never,
  options: CallOptions,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = transport.channel.makeUnaryRequest(
    path,
    encoder(method),
    decoder(method),
    request,
    transport.metadata,
    timeOf(options),
    (error, response) =>
      error === null ? resolve(response) : reject(failure(error, transport, options, guard)),
  );
  const guard = guarded(call, transport, options);
  return promise.finally(() => guard[Symbol.dispose]());
}

async function* receive(
  transport: Transport,
  path: string,
  method: MethodDefinition,
  request: never,
  options: CallOptions = {},
): AsyncGenerator<unknown> {
  const call = transport.channel.makeServerStreamRequest(
    path,
    encoder(method),
    decoder(method),
    request,
    transport.metadata,
    timeOf(options),
  );
  using guard = guarded(call, transport, options);
  try {
    for await (const response of call) yield response;
  } catch (error) {
    throw failure(error, transport, options, guard);
  } finally {
    call.cancel();
  }
}

function converse(
  transport: Transport,
  path: string,
  method: MethodDefinition,
  options: CallOptions = {},
): Conversation<never, unknown> {
  const call = transport.channel.makeBidiStreamRequest(
    path,
    encoder(method),
    decoder(method),
    transport.metadata,
    timeOf(options),
  );
  const guard = guarded(call, transport, options);
  // The reader of the responses gets the error; without a reader it must not crash the program.
  call.on('error', () => {});
  async function* responses(): AsyncGenerator<unknown> {
    try {
      for await (const response of call) yield response;
    } catch (error) {
      throw failure(error, transport, options, guard);
    } finally {
      guard[Symbol.dispose]();
      call.cancel();
    }
  }
  return {
    responses: responses(),
    send: (request) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      call.write(request, (error?: Error | null) =>
        error ? reject(failure(error, transport, options, guard)) : resolve(),
      );
      return promise;
    },
    end: () => call.end(),
    cancel: () => call.cancel(),
  };
}

/** Returns the error of a failed call: CANCELLED when this side has aborted it. */
function failure(
  error: unknown,
  { address, isLink }: Transport,
  { signal }: CallOptions,
  waiting: Waiting,
): unknown {
  if (signal?.aborted) return new AppError('CANCELLED', 'cancelled');
  if (waiting.failure !== undefined) return waiting.failure;
  const appError = appErrorOf(error, address);
  return isLink && isAppError(appError, 'TOKEN_NOT_ACTIVE') ? linkEnded() : appError;
}

/** Replaces the server's error, which does not say why the token is unknown. */
function linkEnded(): AppError {
  return new AppError(
    'TOKEN_NOT_ACTIVE',
    'this login has ended: its link has stopped or its token was revoked',
  );
}

function encoder({ requestType }: MethodDefinition): (request: never) => Buffer {
  return (request) => {
    const bytes = requestType.encode(requestType.fromPartial(request) as never).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
}

function decoder(method: MethodDefinition): (bytes: Buffer) => unknown {
  return (bytes) => decodeResponse(method, bytes);
}

function timeOf({ timeoutMs }: CallOptions): { deadline?: number } {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

/** Cancels the call when its signal aborts, or when there is no connection in time. */
function guarded(call: { cancel(): void }, { watch }: Transport, { signal }: CallOptions): Waiting {
  const cancel = (): void => call.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const waiting = watch.begin(call);
  return {
    get failure() {
      return waiting.failure;
    },
    [Symbol.dispose]: () => {
      signal?.removeEventListener('abort', cancel);
      waiting[Symbol.dispose]();
    },
  };
}
