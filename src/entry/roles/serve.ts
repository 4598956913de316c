import { type Role, valued } from '../option.ts';

/** `latchkey serve` */
export const SERVE = {
  name: 'serve',
  summary: 'run the server',
  description: [
    'Runs the server in the foreground until SIGTERM or SIGINT. As root or as the user "latchkey" it serves ' +
      'everybody on this host; as anybody else it serves that user alone, on loopback.',
  ],
  options: {
    config: valued(
      'file',
      'the configuration (default: /etc/latchkey/config.yaml in system mode, ' +
        '$XDG_CONFIG_HOME/latchkey/config.yaml otherwise)',
    ),
    run: valued('dir', 'where local programs find the server (default: /run/latchkey in system mode)'),
  },
  notes: [
    'SIGHUP reads the configuration and the certificates again. Under systemd it says when it is ready, answers the ' +
      'watchdog, and takes a socket called "api" instead of listening itself.',
    {
      title: 'Exit status',
      text: '0 stopped, 1 failed, 2 usage, 78 invalid configuration.',
    },
  ],
} as const satisfies Role;
