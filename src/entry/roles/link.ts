import { flag, internal, type Role, valued } from '../option.ts';

/** `latchkey link` */
export const LINK = {
  name: 'link',
  summary: 'log in as your Linux user, and run your programs',
  description: [
    'Runs programs for you on this host, started through the Latchkey server, and gives you a token without ' +
      'another login. Stays in the foreground until Ctrl-C, so use another terminal beside it; programs that it ' +
      'started keep running. A server of your own needs --run; "latchkey config show" prints its run directory.',
  ],
  options: {
    daemon: flag('run in the background, for all your tokens without a link of their own; stores no token'),
    'print-token': flag('print the token instead of storing it for the command line'),
    run: valued('dir', "the server's run directory (default: /run/latchkey)"),
    'report-fd': internal(valued('fd', 'this is the detached process; it reports to this descriptor')),
    'open-files': internal(valued('number', 'soft limit of open files of programs, where PAM has set it')),
    'check-account': internal(valued('name', 'only ask PAM about this account')),
    register: internal(flag('register a link for the process that writes the request to stdin')),
    'end-sessions': internal(flag('only end the sessions that the server names on stdin')),
    prove: internal(valued('nonce', 'print the account proof for this nonce; then only --daemon does more')),
  },
  notes: [],
} as const satisfies Role;
