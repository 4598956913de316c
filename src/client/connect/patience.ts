/**
 * Limits the time that a call waits for its connection. Where systemd holds the port of a server that cannot
 * start, a connection is accepted and nothing ever answers. A call over an established connection may take
 * longer: the keepalive ends it when the server is gone.
 */
import { type Client as Channel, connectivityState } from '@grpc/grpc-js';
import { AppError } from '../../errors.ts';

export interface Patience {
  /** Time until `onSlow` is called, in milliseconds. */
  readonly noticeMs: number;
  /** Time until the call fails, in milliseconds. */
  readonly giveUpMs: number;
  /** Called once for each client, with a line for the person who waits. */
  readonly onSlow?: ((line: string) => void) | undefined;
}

export const PATIENCE: Patience = { noticeMs: 5_000, giveUpMs: 30_000 };

/** The time limit of one call: `failure` is set when it has passed. */
export interface Waiting extends Disposable {
  readonly failure: AppError | undefined;
}

export class ConnectionWatch {
  readonly #channel: Channel;
  readonly #address: string;
  readonly #patience: Patience;
  #hasNoticed = false;

  constructor(channel: Channel, address: string, patience: Patience) {
    this.#channel = channel;
    this.#address = address;
    this.#patience = patience;
  }

  /** Cancels `call` when its connection is not established in time. Dispose of it when the call has ended. */
  begin(call: { cancel(): void }): Waiting {
    const { noticeMs, giveUpMs } = this.#patience;
    let failure: AppError | undefined;
    const notice = setTimeout(() => this.#notice(), noticeMs);
    const giveUp = setTimeout(() => {
      if (this.#isConnected()) return;
      failure = new AppError(
        'UNREACHABLE',
        `the server at ${this.#address} accepts connections, but has not answered for ${giveUpMs / 1000} seconds`,
      );
      call.cancel();
    }, giveUpMs);
    return {
      get failure() {
        return failure;
      },
      [Symbol.dispose]: () => {
        clearTimeout(notice);
        clearTimeout(giveUp);
      },
    };
  }

  #notice(): void {
    if (this.#hasNoticed || this.#isConnected()) return;
    this.#hasNoticed = true;
    this.#patience.onSlow?.(`the server at ${this.#address} does not answer yet; waiting`);
  }

  #isConnected(): boolean {
    return this.#channel.getChannel().getConnectivityState(false) === connectivityState.READY;
  }
}
