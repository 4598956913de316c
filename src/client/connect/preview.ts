/**
 * Calls with `validate_only`, which say what would end. A server of an older version ignores that field, as
 * proto3 prescribes, and ends things. The client therefore checks before such a call that the server supports
 * it, and after it that the receipt is marked as a preview.
 */
import { AppError } from '../../errors.ts';
import type { GetInfoResponse } from '../../generated/latchkey/v1/system.ts';
import type { Receipt } from '../../generated/latchkey/v1/token.ts';

/** Returns true for a request with `validate_only`. */
export function isPreview(request: { readonly validateOnly?: unknown }): boolean {
  return Boolean(request.validateOnly);
}

/** Throws UNAVAILABLE unless the server at `address` supports `validate_only`. */
export function checkSupportsPreview(
  { supportsValidateOnly, version }: GetInfoResponse,
  address: string,
): void {
  if (supportsValidateOnly) return;
  throw new AppError(
    'UNAVAILABLE',
    `the server at ${address} runs Latchkey ${version}, which does not support previews; nothing has ended; ` +
      'update the server, or continue without a preview',
  );
}

/** Throws INTERNAL when the server at `address` has ended what it was to preview. */
export function checkIsPreview(answer: { readonly receipt?: Receipt | undefined }, address: string): void {
  const { receipt } = answer;
  if (receipt?.validateOnly || !('receipt' in answer)) return; // a method without receipt is newer than this field
  const { jtis = [], links = [], sessions = [] } = receipt ?? {};
  const ended = `tokens: ${jtis.length}, links: ${links.length}, sessions: ${sessions.length}`;
  throw new AppError(
    'INTERNAL',
    `the server at ${address} ignored that this was a preview: it has ended things (${ended}); ` +
      "update the server, and list what is left with 'latchkey tokens' and 'latchkey sessions'",
  );
}
