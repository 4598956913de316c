import { EVERYWHERE } from '../everywhere.ts';
import { flag, type Role, valued } from '../option.ts';

/** `latchkey doctor` */
export const DOCTOR = {
  name: 'doctor',
  summary: 'say whether everything is in order, and what to do if not',
  description: [
    'Says whether the server and its host are in order, and what to do if not. Run it as root for the server of ' +
      'the host, or as whoever runs a server of their own. It changes nothing.',
  ],
  options: {
    config: valued('file', "the server's configuration file, as for latchkey serve"),
    run: valued('dir', "the server's run directory, as for latchkey serve"),
    json: flag('the findings as {"findings": [...]}'),
    'no-color': EVERYWHERE['no-color'],
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
        ['summary', 'what was found'],
        ['remedy', 'a command, a key of the configuration or a sentence; null if there is nothing to do'],
      ],
    },
    {
      title: 'Exit status',
      text: '0 no problem (there may be warnings), 1 a problem, 2 usage, 78 invalid configuration.',
    },
  ],
} as const satisfies Role;
