/** The tokens that RevokeTokens is to end. */
import type { RevokeTokensRequest } from '../generated/latchkey/v1/token.ts';

type Selection = NonNullable<RevokeTokensRequest['selection']>;

export function tokensById(jtis: readonly string[]): Selection {
  return { $case: 'tokens', value: { jtis: [...jtis] } };
}

export function tokensOfLogin(login: string): Selection {
  return { $case: 'login', value: login };
}
