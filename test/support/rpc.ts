/** One gRPC call as any foreign client makes it: bytes, metadata and the pinned authority. */
import {
  type Client,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { ErrorInfo, Status } from '../../src/generated/google/rpc/status.ts';

const Raw = makeGenericClientConstructor({}, 'raw');

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
    });
  }

  /** Calls `path` ("/package.Service/Method") with an encoded request. Never rejects. */
  unary(path: string, request: Uint8Array = Buffer.alloc(0), token?: string): Promise<Answer> {
    const metadata = new Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    const asIs = (bytes: Buffer): Buffer => bytes;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        path,
        asIs,
        asIs,
        Buffer.from(request),
        metadata,
        { deadline: Date.now() + 20_000 },
        (error: ServiceError | null, response?: Buffer) => {
          resolve({
            code: error?.code ?? 0,
            message: error?.details ?? '',
            reason: reasonOf(error),
            response,
          });
        },
      );
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function reasonOf(error: ServiceError | null): string | undefined {
  const [details] = error?.metadata.get('grpc-status-details-bin') ?? [];
  if (!(details instanceof Uint8Array)) return undefined;
  const [info] = Status.decode(details).details;
  return info && ErrorInfo.decode(info.value).reason;
}
