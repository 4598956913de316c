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

/** The lists as ssh2 1.17.0 names them when it compares them. */
const KEYWORDS: Readonly<Record<string, string>> = {
  'KEX method': 'KexAlgorithms',
  'Host key format': 'HostKeyAlgorithms',
  'C->S cipher': 'Ciphers',
  'S->C cipher': 'Ciphers',
  'C->S MAC': 'MACs',
  'S->C MAC': 'MACs',
};
const LIST = /^Handshake: \((local|remote)\) ([^:]+): (.*)$/;
/** Names in lists of key exchange methods that are not methods (RFC 8308, strict key exchange). */
const MARKERS = /^(ext-info-|kex-strict-)/;

/** Compares the lists; undefined when they agree, or sshd does not send its own. */
export async function mismatchWith(server: SshServer): Promise<Mismatch | undefined> {
  const { host, port, localAddress, hostKeys, deadlines } = server;
  const { default: ssh2 } = await import('ssh2');
  const client = new ssh2.Client();
  const lists: { side: string; name: string; algorithms: string[] }[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<boolean>();
  client.on('error', (error) => resolve('level' in error && error.level === 'handshake'));
  client.on('close', () => resolve(false));
  client.connect({
    sock: createConnection({ host, port, ...(localAddress && { localAddress }) }),
    username: '',
    readyTimeout: deadlines.bannerMs + deadlines.keyExchangeMs,
    algorithms: { serverHostKey: algorithmsOf(hostKeys) as never },
    hostVerifier: () => false,
    debug: (text) => {
      const [, side = '', name = '', list = ''] = LIST.exec(text) ?? [];
      const algorithms = list.split(',').filter((algorithm) => !MARKERS.test(algorithm));
      if (side !== '') lists.push({ side, name, algorithms });
    },
  });
  const hasFailed = await ended;
  client.destroy();
  const [local, remote] = lists.slice(-2);
  const keyword = KEYWORDS[remote?.name ?? ''];
  if (!hasFailed || local === undefined || remote === undefined || keyword === undefined) return undefined;
  const isCommon = remote.algorithms.some((algorithm) => local.algorithms.includes(algorithm));
  return isCommon ? undefined : { keyword, sshd: remote.algorithms, latchkey: local.algorithms };
}
