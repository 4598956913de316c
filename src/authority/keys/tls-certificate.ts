/**
 * The server's TLS certificate. Reissued when the host's names or addresses have changed, and before it
 * expires; both are checked every day and at each reload.
 */
import { networkInterfaces } from 'node:os';
import type { Log } from '../../log/log.ts';
import { loadPki, type Pki, type TlsPair } from './pki.ts';

const DAY_MS = 86_400_000;

export interface TlsCertificateOptions {
  /** Folder of the CA and the certificate. */
  readonly folder: string;
  readonly serverId: string;
  readonly hostname: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Pick<Log, 'error' | 'info'>;
}

export class TlsCertificate implements Disposable {
  readonly #options: TlsCertificateOptions;
  #pki: Pki;
  #onReplaced: (tls: TlsPair) => void = () => {};
  readonly #timer: NodeJS.Timeout;

  private constructor(options: TlsCertificateOptions, pki: Pki) {
    this.#options = options;
    this.#pki = pki;
    this.#timer = setInterval(() => void this.#refreshOrLog(), DAY_MS).unref();
  }

  /** Loads the certificate, or issues it. Throws CONFIG_INVALID, as `loadPki` does. */
  static async open(options: TlsCertificateOptions): Promise<TlsCertificate> {
    return new TlsCertificate(options, await load(options));
  }

  get pki(): Pki {
    return this.#pki;
  }

  /** Sets the function that puts a new certificate into use. */
  onReplaced(listener: (tls: TlsPair) => void): void {
    this.#onReplaced = listener;
  }

  /**
   * Loads the certificate from disk, and reissues it when that is due. When it throws CONFIG_INVALID, the
   * current one stays in use.
   */
  async refresh(): Promise<void> {
    const pki = await load(this.#options);
    if (pki.tls.certPem === this.#pki.tls.certPem) return;
    this.#onReplaced(pki.tls);
    this.#pki = pki;
    this.#options.log.info({}, "the server's certificate was replaced");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #refreshOrLog(): Promise<void> {
    await this.refresh().catch((error: unknown) =>
      this.#options.log.error({ err: error }, "cannot renew the server's certificate"),
    );
  }
}

function load({ folder, serverId, hostname, now }: TlsCertificateOptions): Promise<Pki> {
  return loadPki({ folder, serverId, nowMs: now(), ...namesOfHost(hostname) });
}

/** The host's names and addresses, which the certificate is issued for. */
function namesOfHost(hostname: string): { names: string[]; addresses: string[] } {
  const [short = hostname] = hostname.split('.');
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return { names: [hostname, short], addresses: addresses.map(({ address }) => address) };
}
