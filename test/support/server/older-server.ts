/** Makes the servers of this process ones of an older version, which does not know `validate_only`. */
import { vi } from 'vitest';
import { StopLinkRequest } from '../../../src/generated/latchkey/v1/link.ts';
import { EndSessionRequest } from '../../../src/generated/latchkey/v1/session.ts';
import { GetInfoResponse } from '../../../src/generated/latchkey/v1/system.ts';
import { RevokeTokensRequest } from '../../../src/generated/latchkey/v1/token.ts';

/** Servers ignore `validate_only` from now on, as a program does that was built from protos without it. */
export function ignorePreviews(): void {
  for (const message of [RevokeTokensRequest, StopLinkRequest, EndSessionRequest]) {
    const decode = message.decode.bind(message) as (bytes: Uint8Array) => object;
    vi.spyOn(message, 'decode').mockImplementation(
      (bytes) => ({ ...decode(bytes as Uint8Array), validateOnly: false }) as never,
    );
  }
}

/** The same, and GetInfo no longer says that they support it. Undone by `vi.restoreAllMocks`. */
export function becomeOlder(): void {
  ignorePreviews();
  const encode = GetInfoResponse.encode.bind(GetInfoResponse);
  vi.spyOn(GetInfoResponse, 'encode').mockImplementation((info, writer) =>
    encode({ ...info, supportsValidateOnly: false }, writer),
  );
}
