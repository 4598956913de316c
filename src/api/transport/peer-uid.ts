/**
 * Finds the owner of the other end of a TCP connection on this host in the kernel's tables (proc_pid_net(5)).
 * Only an established connection that still has its socket counts: the kernel shows closed ones with uid 0.
 */
import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';
import { endianness } from 'node:os';

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

const ESTABLISHED = '01';
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * Returns the uid of the process that created the socket `theirs`, connected to `ours`; undefined when
 * unknown.
 */
export async function uidOfPeer(theirs: Endpoint, ours: Endpoint): Promise<number | undefined> {
  for (const [file, form] of [
    ['/proc/net/tcp', shortForm],
    ['/proc/net/tcp6', longForm],
  ] as const) {
    const local = form(theirs);
    const remote = form(ours);
    if (local === undefined || remote === undefined) continue;
    const table = await readFile(file, 'latin1').catch(() => '');
    const uid = findUid(table, local, remote);
    if (uid !== undefined) return uid;
  }
  return undefined;
}

/** Returns the uid in the row of `table` with these endpoints, in the notation of the table. */
export function findUid(table: string, local: string, remote: string): number | undefined {
  const at = table.indexOf(` ${local} ${remote} ${ESTABLISHED} `);
  if (at < 0) return undefined;
  const [, , , , , , uid = '', , inode = '0'] = table.slice(at + 1).split(/\s+/, 9);
  return /^\d+$/.test(uid) && inode !== '0' ? Number(uid) : undefined;
}

function shortForm({ address, port }: Endpoint): string | undefined {
  const bytes = addressBytes(address);
  if (!bytes.subarray(0, MAPPED.length).equals(MAPPED)) return undefined;
  return kernelForm(bytes.subarray(MAPPED.length), port);
}

function longForm({ address, port }: Endpoint): string {
  return kernelForm(addressBytes(address), port);
}

/** The kernel prints each 32-bit word of an address in the host's byte order. */
function kernelForm(bytes: Buffer, port: number): string {
  const words = Buffer.from(bytes);
  if (endianness() === 'LE') words.swap32();
  return `${words.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** Returns 16 bytes; an IPv4 address as its IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2). */
export function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.concat([MAPPED, Buffer.from(address.split('.').map(Number))]);
  const [plain = ''] = address.split('%'); // without the zone
  const [head = '', tail] = plain.split('::');
  const before = groups(head);
  const after = groups(tail ?? '');
  return Buffer.concat([
    before,
    Buffer.alloc(Math.max(0, 16 - before.length - after.length)),
    after,
  ]).subarray(0, 16);
}

function groups(text: string): Buffer {
  const parts = text.split(':').filter((part) => part !== '');
  return Buffer.concat(
    parts.map((part) =>
      part.includes('.')
        ? Buffer.from(part.split('.').map(Number))
        : Buffer.from(part.padStart(4, '0').slice(-4), 'hex'),
    ),
  );
}
