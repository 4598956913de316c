/** Decodes the responses of a server, which may be broken or not ours. */
import type { MethodDefinition } from '../../service-definition.ts';

/**
 * Returns the decoded response. Throws an Error when it is malformed, or contains a time beyond those of
 * JavaScript (ECMA-262, 21.4.1.1), which has no text and compares with nothing.
 */
export function decodeResponse({ responseType }: MethodDefinition, bytes: Uint8Array): unknown {
  const response: unknown = responseType.decode(bytes);
  checkTimes(response);
  return response;
}

function checkTimes(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
  if (!(value instanceof Date)) Object.values(value).forEach(checkTimes);
  else if (Number.isNaN(value.getTime())) throw new Error('a time in it is out of range');
}
