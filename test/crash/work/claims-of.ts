/** Returns the claims of a token, which anybody who has it can read (F5). */
export function claimsOf(token: string): { jti: string; exp: number; socket: string } {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return { jti: claims.jti, exp: claims.exp, socket: claims['fastx/socket'] ?? '' };
}
