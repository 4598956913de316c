/** Makes gRPC calls as a foreign client does: bytes, metadata and a pinned CA. */
import {
  type CallOptions,
  type Client,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { ErrorInfo } from '../../../src/generated/google/rpc/error_details.ts';
import { Status } from '../../../src/generated/google/rpc/status.ts';

const Raw = makeGenericClientConstructor({}, 'raw');
const PATIENCE_MS = 20_000;

export interface Answer {
  /** The gRPC status code. */
  readonly code: number;
  readonly message: string;
  /** ErrorInfo.reason, when there is one. */
  readonly reason: string | undefined;
  readonly response: Buffer | undefined;
}

export class Rpc implements Disposable {
  readonly #client: Client;

  constructor(server: { address: string; ca: string }) {
    this.#client = new Raw(server.address, credentials.createSsl(Buffer.from(server.ca)), {
      'grpc.ssl_target_name_override': 'localhost',
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
    });
  }

  /** Calls `path` ("/package.Service/Method") with an encoded request. Never rejects. */
  unary(path: string, request: Uint8Array = Buffer.alloc(0), token?: string): Promise<Answer> {
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        asIs,
        asIs,
        Buffer.from(request),
        bearer(token),
        patience(),
        (error: ServiceError | null, response?: Buffer) => resolve(answerOf(error, response)),
      );
    });
  }

  /** Calls a streaming method; resolves with its first message, or with its status when there is none. */
  stream(path: string, request: Uint8Array = Buffer.alloc(0), token?: string): Promise<Answer> {
    const call = this.#client.makeBidiStreamRequest(path, asIs, asIs, bearer(token), patience());
    const { promise, resolve } = Promise.withResolvers<Answer>();
    call.on('error', (error: ServiceError) => resolve(answerOf(error)));
    call.on('end', () => resolve(answerOf(null)));
    call.once('data', (response: Buffer) => resolve(answerOf(null, response)));
    call.write(Buffer.from(request));
    call.end();
    return promise.finally(() => call.cancel());
  }

  /**
   * Yields all messages of a streaming method until `signal` aborts it or the server ends it. Throws
   * ServiceError.
   */
  async *messages(
    path: string,
    request: Uint8Array,
    token: string,
    signal?: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const call = this.#client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(request), bearer(token));
    const cancel = (): void => call.cancel();
    signal?.addEventListener('abort', cancel);
    try {
      for await (const message of call) yield message as Buffer;
    } catch (error) {
      if (!signal?.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      call.cancel();
    }
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

function patience(): CallOptions {
  return { deadline: Date.now() + PATIENCE_MS };
}

function bearer(token: string | undefined): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function answerOf(error: ServiceError | null, response?: Buffer): Answer {
  return { code: error?.code ?? 0, message: error?.details ?? '', reason: reasonOf(error), response };
}

function reasonOf(error: ServiceError | null): string | undefined {
  const [details] = error?.metadata?.get('grpc-status-details-bin') ?? [];
  if (!(details instanceof Uint8Array)) return undefined;
  const [info] = Status.decode(details).details;
  return info && ErrorInfo.decode(info.value).reason;
}
