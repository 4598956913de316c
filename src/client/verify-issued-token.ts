/**
 * Verifies the token that a login returned (N8): signed with a key that its issuer publishes, issued by
 * the server that the TLS certificate names, not expired by that server's clock, and with the claims that the
 * server announced.
 */
import { AppError, isAppError } from '../errors.ts';
import type { GetKeysResponse, LoginDone } from '../generated/latchkey/v1/auth.ts';
import { decodeClaims, type TokenClaims } from '../token/claims.ts';
import { parseJws, verifyJws } from '../token/jws.ts';
import { keySetFromJwks } from '../token/key.ts';

/** The server decides how long a token lives. */
const NO_LIMIT_SECONDS = Number.MAX_SAFE_INTEGER;

/**
 * Throws NOT_TRUSTED with the reason for any other token. `keysOf` asks the server for its keys, after
 * its certificate has been found to name the issuer.
 */
export async function verifyIssuedToken(
  { token, claims: announced }: Pick<LoginDone, 'token' | 'claims'>,
  keysOf: (issuer: string) => Promise<GetKeysResponse>,
  nowMs: number,
): Promise<TokenClaims> {
  const issuer = verified(() => parseJws(token).payload.iss);
  if (typeof issuer !== 'string') throw rejected('it has no issuer');
  const keys = await keysOf(issuer);
  // An older server does not tell its time.
  const serverMs = keys.serverTime?.getTime() ?? nowMs;
  const claims = verified(() => {
    const times = { nowSeconds: Math.floor(serverMs / 1000), longestLifetimeSeconds: NO_LIMIT_SECONDS };
    return decodeClaims(verifyJws(token, keySetFromJwks(JSON.parse(keys.jwks))).payload, times);
  });
  if (claims.iss !== keys.serverId) throw rejected('its issuer is another server');
  if (claims.sub !== announced?.login || claims.jti !== announced.jti)
    throw rejected('its claims are not those that the server announced');
  return claims;
}

function verified<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isAppError(error, 'TOKEN_EXPIRED')) throw rejected('by the clock of this host it has expired');
    if (isAppError(error)) throw rejected(error.message);
    throw rejected('the keys of the server are malformed');
  }
}

function rejected(why: string): AppError {
  return new AppError('NOT_TRUSTED', `the token from the server was rejected and not stored: ${why}`);
}
