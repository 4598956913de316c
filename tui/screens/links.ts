/** The screen of links: processes that run programs as their Linux user. */
import { links as noun } from '../../src/nouns/links.ts';
import { listScreen } from './list-screen.ts';

export const links = listScreen(noun, {
  order: { by: 'created_at', descending: true },
  target: ({ socket, linuxUser, jti }) => ({ title: `link ${socket} of ${linuxUser}`, jti }),
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'stop',
      consequence: 'Programs with a terminal end with their link.',
      endsMore: true,
      maxPerCall: 1,
      act: (client, [socket = ''], { validateOnly, ...options }) =>
        client.links.stopLink({ socket, validateOnly }, options),
    },
  ],
});
