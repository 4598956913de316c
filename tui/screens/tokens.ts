/** The screen of live tokens. */
import { tokensById } from '../../src/client/token-selection.ts';
import { tokens as noun } from '../../src/nouns/tokens.ts';
import { listScreen } from './list-screen.ts';

export const tokens = listScreen(noun, {
  order: { by: 'issued_at', descending: true },
  target: ({ jti, login, current }) => ({
    title: `token ${jti} of ${login}`,
    login,
    endsOwnConnection: current,
  }),
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'revoke',
      consequence: 'Revoked tokens, and tokens issued within their sessions, are refused at once.',
      endsMore: true,
      keptSessions: ({ keptSessions }) => keptSessions.length,
      maxPerCall: 500,
      act: (client, jtis, { validateOnly, endSessions = false, ...options }) =>
        client.tokens.revokeTokens({ selection: tokensById(jtis), validateOnly, endSessions }, options),
    },
  ],
});
