/** Sends the content of one file, as it was when it was opened: no more, and not less without saying so. */
import { fstatSync, readSync, type Stats } from 'node:fs';
import { reasonOf } from '../errno.ts';
import type { Wanted } from '../generated/latchkey/copy/v1/copy.ts';
import type { Channel } from './channel.ts';
import { modifiedUs } from './folder.ts';
import { hashOf } from './hash.ts';
import { PIECE_BYTES } from './protocol.ts';

const ZEROS = Buffer.alloc(PIECE_BYTES);
const NONE = Buffer.alloc(0);

export interface Content {
  readonly fd: number;
  /** State of the file when it was opened. */
  readonly stats: Stats;
  readonly wanted: Wanted;
}

/**
 * Sends the file from where the receiver has it. `mayI` resolves with true once that many bytes may be sent,
 * and with false when the receiver wants no more of the file. Resolves with what is the matter with a file
 * that has changed meanwhile, though all of it was sent.
 */
export async function sendContent(
  channel: Channel,
  { fd, stats, wanted }: Content,
  mayI: (bytes: number) => Promise<boolean>,
): Promise<string | undefined> {
  const begin = await beginOf(fd, stats.size, wanted);
  await channel.send({ $case: 'begin', value: { offset: begin } });
  let problem = '';
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  for (let at = begin; at < stats.size && problem === ''; ) {
    const read = readPiece(fd, buffer.subarray(0, Math.min(PIECE_BYTES, stats.size - at)), at);
    if (typeof read === 'string') problem = read;
    else if (await mayI(read.length)) {
      await channel.send({ $case: 'data', value: dataOf(read) });
      at += read.length;
    } else problem = 'it was not wanted any more';
  }
  await channel.send({ $case: 'endFile', value: { problem } });
  return problem === '' && hasChanged(fd, stats) ? 'it was changed while it was copied' : undefined;
}

/** Returns the offset of the first byte to send: 0 unless what the receiver has is how the file begins. */
async function beginOf(fd: number, size: number, { offset, sha256 }: Wanted): Promise<number> {
  if (offset <= 0 || offset > size) return 0;
  return sha256.equals(await hashOf(fd, offset)) ? offset : 0;
}

function readPiece(fd: number, buffer: Buffer, at: number): Buffer | string {
  try {
    const read = readSync(fd, buffer, 0, buffer.length, at);
    return read === 0 ? 'it became shorter while it was copied' : buffer.subarray(0, read);
  } catch (error) {
    return reasonOf(error);
  }
}

function dataOf(bytes: Buffer): { bytes: Buffer; zeros: number } {
  const isZero = bytes[0] === 0 && bytes.equals(ZEROS.subarray(0, bytes.length));
  return isZero ? { bytes: NONE, zeros: bytes.length } : { bytes, zeros: 0 };
}

function hasChanged(fd: number, before: Stats): boolean {
  const now = fstatSync(fd);
  return now.size !== before.size || modifiedUs(now) !== modifiedUs(before);
}
