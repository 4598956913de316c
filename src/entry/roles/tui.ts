import { EVERYWHERE } from '../everywhere.ts';
import { flag, type Role, valued } from '../option.ts';

export const THEMES = ['dark', 'light', '16', 'none'] as const;

/** `latchkey tui` */
export const TUI = {
  name: 'tui',
  summary: 'watch and look after all of it on one screen',
  description: [
    'Logins, tokens, links and sessions, as they change. You see what is yours; managers see ' +
      "everybody's, and an overview of what goes on. Press ? for the keys.",
  ],
  argument: { name: 'server', about: 'host or host:port; otherwise as for every command' },
  options: {
    screen: valued('name', 'the screen to begin with; the overview is for managers', [
      'overview',
      'logins',
      'tokens',
      'links',
      'sessions',
    ]),
    'read-only': flag('offer nothing that changes anything'),
    ascii: flag('draw with ASCII alone'),
    theme: valued('theme', "the colours; 16 are the terminal's own", THEMES),
    mouse: flag('the wheel moves, a click goes to a row or a tab, one more opens it'),
    'screen-reader': flag('plain text that is read aloud as it changes (INK_SCREEN_READER=true)'),
    server: EVERYWHERE.server,
    run: EVERYWHERE.run,
    ca: EVERYWHERE.ca,
    'token-file': EVERYWHERE['token-file'],
    'local-admin': EVERYWHERE['local-admin'],
  },
  notes: [],
} as const satisfies Role;
