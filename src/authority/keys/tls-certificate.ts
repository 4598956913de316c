/**
 * The server's TLS certificate. Reissued when the host's names or addresses have changed, and before it
 * expires; both are checked every day and at each reload. A new address is noticed within seconds, because a
 * host may get it only after the server was started.
 */
import { X509Certificate } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { Log } from '../../log/log.ts';
import { loadPki, type Pki, type TlsPair } from './pki.ts';

const DAY_MS = 86_400_000;
const ADDRESSES_MS = 5_000;
const LINK_LOCAL = /^fe[89ab]/; // RFC 4291 section 2.5.6; each container adds one to its host

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
  readonly #timers: readonly NodeJS.Timeout[];

  private constructor(options: TlsCertificateOptions, pki: Pki) {
    this.#options = options;
    this.#pki = pki;
    this.#timers = [
      setInterval(() => void this.#refreshOrLog(), DAY_MS).unref(),
      setInterval(() => void this.#refreshOrLog(() => this.#lacksAddress()), ADDRESSES_MS).unref(),
    ];
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
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Throws when the host's addresses cannot be read, for example without descriptors. */
  #lacksAddress(): boolean {
    const certificate = new X509Certificate(this.#pki.tls.certPem);
    return addressesOfHost().some(
      (address) => !LINK_LOCAL.test(address) && certificate.checkIP(address) === undefined,
    );
  }

  /** Refreshes it if `isDue`. Never throws. */
  async #refreshOrLog(isDue: () => boolean = () => true): Promise<void> {
    try {
      if (isDue()) await this.refresh();
    } catch (error) {
      this.#options.log.error({ err: error }, "cannot renew the server's certificate");
    }
  }
}

function load({ folder, serverId, hostname, now }: TlsCertificateOptions): Promise<Pki> {
  return loadPki({ folder, serverId, nowMs: now(), ...namesOfHost(hostname) });
}

/** The host's names and addresses, which the certificate is issued for. */
function namesOfHost(hostname: string): { names: string[]; addresses: string[] } {
  const [short = hostname] = hostname.split('.');
  return { names: [hostname, short], addresses: addressesOfHost() };
}

function addressesOfHost(): string[] {
  const found = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return found.map(({ address }) => address);
}
