import { flag, internal, type Role, valued } from '../option.ts';

/** `latchkey link` */
export const LINK = {
  name: 'link',
  summary: 'log in as the Linux user you are, and take starts',
  description: [
    'Runs programs for you on this host, started through the Latchkey server, and gives you a token without ' +
      'another login. Stays in the foreground until Ctrl-C, so that you want another terminal beside it; what was ' +
      'started goes on. A server of your own needs --run: its log and "latchkey config show" tell the folder.',
  ],
  options: {
    daemon: flag(
      'in the background, for all of your tokens that have no link of their own; it gives you no token',
    ),
    'print-token': flag('print the token instead of storing it for the command line'),
    run: valued('dir', "the server's run folder (default: /run/latchkey)"),
    'report-fd': internal(valued('fd', 'this is the detached process; it reports to this descriptor')),
    'check-account': internal(valued('name', 'only ask PAM about this account')),
    register: internal(flag('register a link for the process that writes the request to stdin')),
    prove: internal(valued('nonce', 'only print the account proof for this nonce')),
  },
  notes: [],
} as const satisfies Role;
