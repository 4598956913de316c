import { GLOBAL_OPTIONS } from '../global-options.ts';
import { flag, type Role, valued } from '../option.ts';

/** `latchkey doctor` */
export const DOCTOR = {
  name: 'doctor',
  summary: 'check the server and its host for problems',
  description: [
    'Checks the server and its host for problems, and says how to fix them. Run it as root for the server of the ' +
      'host, or as the user of a server of your own. It changes nothing.',
  ],
  options: {
    config: valued('file', "the server's configuration file, as for latchkey serve"),
    run: valued('dir', "the server's run directory, as for latchkey serve"),
    json: flag('print the findings as {"findings": [...]}'),
    'no-color': GLOBAL_OPTIONS['no-color'],
  },
  notes: [
    {
      title: 'Each finding in JSON',
      items: [
        [
          'check',
          'configuration, daemon, links, folders, files, certificates, database, disk, sshd, users, pam, sudo, ' +
            'cgroups or clock; each may have several findings, and later versions may add more',
        ],
        ['status', 'ok, warning (works, but not as it should), problem, or skipped (not checked)'],
        ['summary', 'the result'],
        ['remedy', 'a command, a key of the configuration or a sentence; null when there is nothing to do'],
      ],
    },
    {
      title: 'Exit status',
      text: '0 no problems (there may be warnings), 1 problems, 2 usage, 78 invalid configuration.',
    },
  ],
} as const satisfies Role;
