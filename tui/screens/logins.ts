/** The screen of logins that have live tokens, or of everyone who ever logged in. */
import { tokensOfLogin } from '../../src/client/token-selection.ts';
import { logins as noun } from '../../src/nouns/logins.ts';
import { listScreen } from './list-screen.ts';

export const logins = listScreen(noun, {
  order: { by: 'login', descending: false },
  target: ({ login, tokens }) => ({
    title: `login ${login}`,
    login,
    ...(tokens === 0 && { can: [] }),
  }),
  hasEveryone: true,
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'log out',
      consequence: 'All tokens of the login are refused at once.',
      endsMore: true,
      keptSessions: ({ stillRunning }, targets) =>
        stillRunning.filter((one) => one.sessionId !== '' && targets.some(({ login }) => login === one.login))
          .length,
      maxPerCall: 1,
      act: (client, [login = ''], { validateOnly, endSessions = false, ...options }) =>
        client.tokens.revokeTokens({ selection: tokensOfLogin(login), validateOnly, endSessions }, options),
    },
  ],
});
