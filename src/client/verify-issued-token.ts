/**
 * Whether a token that a login gave is one (N8): signed with a key that its issuer publishes, issued by the
 * server which the TLS certificate names, within its time, and about whom the server said it was.
 */
import { AppError, isAppError } from '../errors.ts';
import type { GetKeysResponse, LoginDone } from '../generated/latchkey/v1/auth.ts';
import { decodeClaims, type TokenClaims } from '../token/claims.ts';
import { parseJws, verifyJws } from '../token/jws.ts';
import { keySetFromJwks } from '../token/key.ts';

/** How long a token may live is its server's to decide. */
const NO_LIMIT_SECONDS = Number.MAX_SAFE_INTEGER;

/**
 * Throws NOT_TRUSTED for any other, saying why. `keysOf` asks the server at the other end for its keys,
 * after its certificate has been found to name the issuer given.
 */
export async function verifyIssuedToken(
  { token, claims: said }: Pick<LoginDone, 'token' | 'claims'>,
  keysOf: (issuer: string) => Promise<GetKeysResponse>,
  nowMs: number,
): Promise<TokenClaims> {
  const issuer = believed(() => parseJws(token).payload.iss);
  if (typeof issuer !== 'string') throw notKept('it names no issuer');
  const keys = await keysOf(issuer);
  const claims = believed(() => {
    const times = { nowSeconds: Math.floor(nowMs / 1000), longestLifetimeSeconds: NO_LIMIT_SECONDS };
    return decodeClaims(verifyJws(token, keySetFromJwks(JSON.parse(keys.jwks))).payload, times);
  });
  if (claims.iss !== keys.serverId) throw notKept('its issuer is another server');
  if (claims.sub !== said?.login || claims.jti !== said.jti)
    throw notKept('it is not the one it is said to be');
  return claims;
}

function believed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isAppError(error, 'TOKEN_EXPIRED')) throw notKept('by the clock of this host its time is over');
    if (isAppError(error)) throw notKept(error.message);
    throw notKept('the keys of the server cannot be read');
  }
}

function notKept(why: string): AppError {
  return new AppError('NOT_TRUSTED', `the token that the server gave is not kept: ${why}`);
}
