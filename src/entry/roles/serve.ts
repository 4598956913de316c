import { type Role, valued } from '../option.ts';

/** `latchkey serve` */
export const SERVE = {
  name: 'serve',
  summary: 'run the server',
  description: [
    'Runs the server in the foreground until SIGTERM or SIGINT. As root or as the user "latchkey" it serves ' +
      'all users of this host; as any other user it serves only that user, on loopback.',
  ],
  options: {
    config: valued(
      'file',
      'the configuration (default: /etc/latchkey/config.yaml in system mode, ' +
        '$XDG_CONFIG_HOME/latchkey/config.yaml otherwise)',
    ),
    run: valued(
      'dir',
      'the run directory, where local programs find the server (default: /run/latchkey in system mode)',
    ),
  },
  notes: [
    'SIGHUP reloads the configuration and the certificates. Under systemd the server reports when it is ready, ' +
      'answers the watchdog, and uses a passed socket named "api" instead of opening its own. A stop leaves ' +
      'sessions running; SIGPWR, which the unit sends when the host shuts down, ends them first.',
    {
      title: 'Exit status',
      text: '0 stopped, 1 failed, 2 usage, 78 invalid configuration.',
    },
  ],
} as const satisfies Role;
