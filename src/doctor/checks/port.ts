/**
 * Finds the processes that listen at the daemon's address, in the kernel's tables (proc_pid_net(5)), so
 * that no connection is made.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { endianness } from 'node:os';
import { addressBytes } from '../../api/transport/peer-uid.ts';

export interface Listener {
  readonly uid: number;
  /** Undefined when it cannot be determined: a process of another user or namespace. */
  readonly process?: { readonly pid: number; readonly name: string } | undefined;
}

const LISTEN = '0A';
const IPV6_BYTES = 16;
const ANY = ['::', '0.0.0.0'].map((address) => addressBytes(address).toString('hex'));

/** Returns the listeners that prevent listening at `host` and `port`. */
export async function listenersAt(host: string, port: number): Promise<Listener[]> {
  const wanted = addressBytes(host).toString('hex');
  const rows = (await Promise.all(['tcp', 'tcp6'].map((name) => rowsOf(`/proc/net/${name}`)))).flat();
  const inTheWay = rows.filter(
    (row) =>
      row.port === port && (row.address === wanted || ANY.includes(wanted) || ANY.includes(row.address)),
  );
  return Promise.all(
    inTheWay.map(async ({ uid, inode }) => ({ uid, process: await processWith(`socket:[${inode}]`) })),
  );
}

interface Row {
  /** Bytes in hexadecimal; an IPv4 address as its IPv4-mapped IPv6 address. */
  readonly address: string;
  readonly port: number;
  readonly uid: number;
  readonly inode: string;
}

async function rowsOf(table: string): Promise<Row[]> {
  const text = await readFile(table, 'latin1').catch(() => '');
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , uid, , inode = ''] = line.trim().split(/\s+/);
      if (state !== LISTEN) return [];
      const [address = '', port = ''] = local.split(':');
      return [{ address: mapped(address), port: Number.parseInt(port, 16), uid: Number(uid), inode }];
    });
}

/** The kernel prints each 32-bit word of an address in the host's byte order. */
function mapped(text: string): string {
  const bytes = Buffer.from(text, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  return (bytes.length === IPV6_BYTES ? bytes : addressBytes(bytes.join('.'))).toString('hex');
}

async function processWith(file: string): Promise<Listener['process']> {
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fds = await readdir(`/proc/${name}/fd`).catch(() => []);
    for (const fd of fds) {
      const target = await readlink(`/proc/${name}/fd/${fd}`).catch(() => '');
      if (target !== file) continue;
      const comm = await readFile(`/proc/${name}/comm`, 'utf8').catch(() => '');
      return { pid: Number(name), name: comm.trim() };
    }
  }
  return undefined;
}
