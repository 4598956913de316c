/** The screen of logins, with what each of them has. */
import { logins as noun } from '../../src/nouns/logins.ts';
import { listScreen } from './list-screen.ts';

export const logins = listScreen(noun, {
  order: { by: 'login', descending: false },
  target: ({ login }) => ({ title: `everything of ${login}`, login }),
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'log out',
      consequence: 'Every token is refused from that moment.',
      endsMore: true,
      maxPerCall: 1,
      act: (client, [login = ''], { validateOnly, ...options }) =>
        client.tokens.revokeTokens({ login, validateOnly }, options),
    },
  ],
});
