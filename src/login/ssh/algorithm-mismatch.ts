/** Finds the list of algorithms in which sshd and this program have nothing in common (RFC 4253, 7.1). */
import { createConnection } from 'node:net';
import type { SshServer } from './connection/ssh-connection.ts';
import { algorithmsOf } from './host-keys.ts';

export interface Mismatch {
  /** Keyword of the list in sshd_config(5). */
  readonly keyword: string;
  readonly sshd: readonly string[];
  readonly latchkey: readonly string[];
}

/**
 * The lists as ssh2 1.17.0 names them, in the order in which it compares them, up to the first without
 * anything in common. sshd has the same for both directions. The last ones, of compression, have no keyword
 * here.
 */
const KEYWORDS: Readonly<Record<string, string>> = {
  'KEX method': 'KexAlgorithms',
  'Host key format': 'HostKeyAlgorithms',
  'C->S cipher': 'Ciphers',
  'C->S MAC': 'MACs',
};
const LIST = /^Handshake: \((local|remote)\) ([^:]+): (.*)$/;
/** Names in lists of key exchange methods that are not methods (RFC 8308, strict key exchange). */
const MARKERS = /^(ext-info-|kex-strict-)/;

/** Compares the lists; undefined when they agree, or sshd does not send its own. */
export async function mismatchWith(server: SshServer): Promise<Mismatch | undefined> {
  const { host, port, localAddress, hostKeys, deadlines } = server;
  const { default: ssh2 } = await import('ssh2');
  const client = new ssh2.Client();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  client.on('error', () => resolve());
  client.on('close', resolve);
  let latchkey: string[] = [];
  let last: Mismatch | undefined;
  const sock = createConnection({ host, port, ...(localAddress && { localAddress }) });
  client.connect({
    sock,
    username: '',
    readyTimeout: deadlines.bannerMs + deadlines.keyExchangeMs,
    algorithms: { serverHostKey: algorithmsOf(hostKeys) as never },
    hostVerifier: () => false,
    debug: (text) => {
      const [, side, name = '', list = ''] = LIST.exec(text) ?? [];
      const algorithms = list.split(',').filter((algorithm) => !MARKERS.test(algorithm));
      const keyword = KEYWORDS[name];
      if (side === 'local') latchkey = algorithms;
      if (side === 'remote')
        last = keyword === undefined ? undefined : { keyword, sshd: algorithms, latchkey };
    },
  });
  await ended;
  sock.destroy();
  return last;
}
