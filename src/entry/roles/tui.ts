import { GLOBAL_OPTIONS } from '../global-options.ts';
import { flag, type Role, valued } from '../option.ts';

export const THEMES = ['dark', 'light', '16', 'none'] as const;

/** `latchkey tui` */
export const TUI = {
  name: 'tui',
  summary: 'open the dashboard: watch and manage logins on one screen',
  description: [
    "Shows logins, tokens, links and sessions as they change. Users see their own; managers see everyone's, and an " +
      "overview of the server's activity. Press ? for the keys.",
  ],
  argument: { name: 'server', about: 'host or host:port; by default as for every command' },
  options: {
    screen: valued('name', 'the first screen; the overview is for managers', [
      'overview',
      'logins',
      'tokens',
      'links',
      'sessions',
    ]),
    'read-only': flag('offer only actions that change nothing'),
    ascii: flag('draw with ASCII only'),
    theme: valued('theme', "the colours; 16 uses the terminal's own", THEMES),
    mouse: flag('the wheel moves the cursor, a click selects a row or a tab, a second click opens it'),
    'screen-reader': flag('print plain text for a screen reader (INK_SCREEN_READER=true)'),
    server: GLOBAL_OPTIONS.server,
    run: GLOBAL_OPTIONS.run,
    ca: GLOBAL_OPTIONS.ca,
    'token-file': GLOBAL_OPTIONS['token-file'],
    'local-admin': GLOBAL_OPTIONS['local-admin'],
  },
  notes: [],
} as const satisfies Role;
