/**
 * The server's certificate while the daemon runs; a part of the composition root. It is made anew when
 * the host's names or addresses have changed and before it expires, which is looked at every day and at
 * each reload.
 */
import { networkInterfaces } from 'node:os';
import { loadPki, type Pki, type TlsPair } from '../authority/keys/pki.ts';
import type { Log } from '../log/log.ts';

const DAY_MS = 86_400_000;

export interface TlsCertificateOptions {
  /** Where CA and certificate are kept. */
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
    this.#timer = setInterval(() => void this.#look(), DAY_MS).unref();
  }

  /** Throws CONFIG_INVALID, as `loadPki` does. */
  static async open(options: TlsCertificateOptions): Promise<TlsCertificate> {
    return new TlsCertificate(options, await load(options));
  }

  get pki(): Pki {
    return this.#pki;
  }

  /** Who shows the certificate to clients. */
  onReplaced(show: (tls: TlsPair) => void): void {
    this.#onReplaced = show;
  }

  /**
   * Shows what is on the disk, made anew where that is due. Throws CONFIG_INVALID; the old one is then
   * shown on.
   */
  async refresh(): Promise<void> {
    const pki = await load(this.#options);
    if (pki.tls.certPem === this.#pki.tls.certPem) return;
    this.#onReplaced(pki.tls);
    this.#pki = pki;
    this.#options.log.info({}, "the server's certificate has been replaced");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    await this.refresh().catch((error: unknown) =>
      this.#options.log.error({ err: error }, "the server's certificate cannot be renewed"),
    );
  }
}

function load({ folder, serverId, hostname, now }: TlsCertificateOptions): Promise<Pki> {
  return loadPki({ folder, serverId, nowMs: now(), ...namesOfHost(hostname) });
}

/** What the certificate vouches for. */
function namesOfHost(hostname: string): { names: string[]; addresses: string[] } {
  const [short = hostname] = hostname.split('.');
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return { names: [hostname, short], addresses: addresses.map(({ address }) => address) };
}
