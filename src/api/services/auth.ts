/** AuthService: the login methods and public keys, which anyone may ask for; login, whoami and logout. */
import type { Authority } from '../../authority/authority.ts';
import { AuthServiceDefinition, Role } from '../../generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import type { Conversations } from '../../login/conversation.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import type { Links } from '../../supervisor/links.ts';
import { enumValue } from '../../values/enum-word.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { login } from './login.ts';
import { receiptMessage, tokenMessage } from './to-proto.ts';

export interface AuthDeps {
  readonly authority: Pick<Authority, 'jwks'>;
  readonly revocation: Pick<Revocation, 'revoke'>;
  readonly links: Pick<Links, 'allowsManualLinks'>;
  readonly logins: Pick<Conversations, 'begin' | 'usable'>;
  readonly serverId: string;
  /** Certificate of the server's own CA, as PEM. */
  readonly caPem: string;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
}

/** Listed among the login methods, for callers on this host. */
const LINK_METHOD = {
  method: AuthMethod.LINK,
  description: 'Run "latchkey link" on this host as your Linux user.',
};

export function authService(deps: AuthDeps): ServedMethod[] {
  const { authority, revocation, links, logins, serverId, caPem, now } = deps;
  return serve(AuthServiceDefinition, {
    listMethods: async (_request, { peer }) => {
      const here = peer.isLocal && links.allowsManualLinks ? [LINK_METHOD] : [];
      const usable = logins.usable().map(({ name, description }) => ({
        method: enumValue(AuthMethod, name),
        description,
      }));
      return { methods: [...usable, ...here] };
    },
    getKeys: async () => ({
      jwks: JSON.stringify(authority.jwks()),
      ca: caPem,
      serverId,
      serverTime: new Date(now()),
    }),
    login: (requests, caller) => login({ logins, revocation }, requests, caller),
    whoAmI: async (_request, { claims, role }) => ({
      token: tokenMessage(claims, claims.jti),
      role: enumValue(Role, role),
    }),
    logout: async ({ everywhere }, caller) => {
      const { sub, jti } = caller.claims;
      const receipt = await revocation.revoke(
        everywhere ? { login: sub } : { jtis: [jti] },
        'logout',
        caller,
      );
      return { receipt: receiptMessage(receipt) };
    },
  });
}
