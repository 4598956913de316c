/**
 * Bytes that are not UTF-8, in strings. Arguments, values of variables and file names are bytes on Linux, in
 * any encoding. Here they are strings in which each byte that is not part of UTF-8 is one lone surrogate,
 * U+DC80 to U+DCFF, as in Python (PEP 383, "surrogateescape"). What is UTF-8 is the usual string. Whoever
 * passes such a string to the system converts it back with `bytesOf`: Node would write U+FFFD for the
 * surrogates, and so name another file.
 */
import { isUtf8 } from 'node:buffer';

/** First of the 256 code units that stand for bytes; only those of bytes from 0x80 occur. */
const ESCAPE_BASE = 0xdc00;
const RAW_BYTE = /[\udc80-\udcff]/u;
/** Longest UTF-8 sequence, in bytes (RFC 3629). */
const MAX_SEQUENCE = 4;

/** Returns the string for any bytes; `bytesOf` returns the same bytes again. */
export function rawText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString();
  let text = '';
  for (let at = 0; at < buffer.length; ) {
    const length = sequenceLength(buffer, at);
    text +=
      length === 0
        ? String.fromCharCode(ESCAPE_BASE + (buffer[at] ?? 0))
        : buffer.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** Returns the length of the UTF-8 sequence that begins at `at`, in bytes; 0 when none does. */
function sequenceLength(buffer: Buffer, at: number): number {
  const most = Math.min(MAX_SEQUENCE, buffer.length - at);
  for (let length = 1; length <= most; length += 1)
    if (isUtf8(buffer.subarray(at, at + length))) return length;
  return 0;
}

/** Returns the bytes of a string. */
export function bytesOf(text: string): Buffer {
  if (!hasRawBytes(text)) return Buffer.from(text);
  const parts = text.split(/([\udc80-\udcff])/u);
  return Buffer.concat(
    parts.map((part) =>
      RAW_BYTE.test(part) ? Buffer.of(part.charCodeAt(0) - ESCAPE_BASE) : Buffer.from(part),
    ),
  );
}

/** Returns true when some bytes of `text` are not UTF-8. */
export function hasRawBytes(text: string): boolean {
  return RAW_BYTE.test(text);
}
