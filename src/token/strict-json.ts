/**
 * Parses JSON objects without the freedoms of RFC 8259 that two parsers may interpret differently: member
 * names are unique at every depth, numbers are plain integers, strings are well-formed Unicode, and the
 * bytes are UTF-8 without a byte order mark.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** Parses the object in `bytes`; returns undefined when they are anything else. Never throws. */
export function parseStrictObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const text = utf8.decode(bytes);
    const value: unknown = JSON.parse(text);
    const outline = text.replaceAll(STRINGS, '""');
    if (/\d[.eE]|-/.test(outline)) return undefined;
    return isObject(value) && membersIn(value) === occurrences(outline, ':') ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Returns the number of members of the parsed value, or NaN when a string is not well formed. Outside its
 * strings a JSON text has one colon for each member, so fewer members than colons mean a duplicate name.
 * Iterative, since the sender chooses the depth.
 */
function membersIn(root: JsonObject): number {
  let count = 0;
  const waiting: unknown[] = [root];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value === 'string' && !value.isWellFormed()) return Number.NaN;
    if (Array.isArray(value)) waiting.push(...value);
    else if (isObject(value)) {
      const names = Object.keys(value);
      if (!names.every((name) => name.isWellFormed())) return Number.NaN;
      count += names.length;
      waiting.push(...Object.values(value));
    }
  }
  return count;
}

function occurrences(text: string, character: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}
