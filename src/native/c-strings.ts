import { bytesOf } from '../values/raw-text.ts';
import { loadFfi } from './libc.ts';

/**
 * Returns a NULL-terminated char *[] of raw text (values/raw-text.ts). Keep `texts` alive as long as the
 * pointers are used.
 */
export function cStrings(strings: readonly string[]): { pointers: Buffer; texts: Buffer[] } {
  const ffi = loadFfi();
  const texts = strings.map((text) => bytesOf(`${text}\0`));
  const pointers = Buffer.alloc((texts.length + 1) * 8);
  for (const [index, text] of texts.entries()) pointers.writeBigUInt64LE(ffi.getRawPointer(text), index * 8);
  return { pointers, texts };
}
