/** The words behind `latchkey tui`. */
import { parseArgs } from 'node:util';
import type { ConnectOptions } from '../src/client/connect/connect.ts';
import { AppError } from '../src/errors.ts';
import { type Appearance, appearanceOf, THEMES, wishes } from './view/theme.ts';

export interface TuiOptions {
  readonly help: boolean;
  readonly readOnly: boolean;
  /** As typed; '' where nothing was said. */
  readonly screen: string;
  readonly appearance: Appearance;
  readonly mouse: boolean;
  readonly connect: ConnectOptions;
  /** The same as words, for other commands of this program. */
  readonly connecting: readonly string[];
}

export const HELP = `Usage: latchkey tui [SERVER] [--screen NAME] [--read-only] [--ascii] [--theme dark|light|16|none]
                    [--mouse] [--screen-reader]

Logins, tokens, links and sessions, as they change. You see what is yours; managers see
everybody's, and an overview of what goes on. Press ? for the keys.

  SERVER             host or host:port; otherwise as for every command
  --screen NAME      where to begin, if not with the first of overview (for managers), logins,
                     tokens, links, sessions
  --read-only        offer nothing that changes anything
  --ascii            draw with ASCII alone
  --theme THEME      dark, light, 16 (the terminal's own colours) or none
  --mouse            the wheel moves, a click goes to a row or a tab, one more opens it
  --screen-reader    plain text that is read aloud as it changes (INK_SCREEN_READER=true)
  --run DIR          the local server's run directory
  --ca FILE          the server's CA certificate, PEM
  --token-file FILE  the token to use
  --local-admin      use the local server's administrator token
  --help             this text
`;

/** Throws USAGE for anything else. */
export function parseOptions(argv: readonly string[], env: NodeJS.ProcessEnv): TuiOptions {
  const { values, positionals } = parse(argv);
  const wished = wishes(env);
  const theme = THEMES.find((name) => name === (values.theme ?? wished.theme));
  if (theme === undefined) throw new AppError('USAGE', `--theme is one of ${THEMES.join(', ')}`);
  if (positionals.length > 1)
    throw new AppError('USAGE', "'tui' takes one server; see 'latchkey tui --help'");
  const server = positionals[0] ?? values.server;
  return {
    help: values.help === true,
    readOnly: values['read-only'] === true,
    screen: values.screen ?? '',
    appearance: appearanceOf(
      theme,
      values.ascii === true || wished.ascii,
      values['screen-reader'] === true || wished.spoken,
    ),
    mouse: values.mouse === true,
    connecting: connectingWords(values, server),
    connect: {
      env,
      localAdmin: values['local-admin'] === true,
      ...(server !== undefined && { server }),
      ...(values.run !== undefined && { run: values.run }),
      ...(values.ca !== undefined && { ca: values.ca }),
      ...(values['token-file'] !== undefined && { tokenFile: values['token-file'] }),
    },
  };
}

/** Every option of `parse` that says to which server and as whom. */
function connectingWords(values: ReturnType<typeof parse>['values'], server: string | undefined): string[] {
  const { run, ca, 'token-file': tokenFile } = values;
  const said = { server, run, ca, 'token-file': tokenFile };
  return [
    ...Object.entries(said).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...(values['local-admin'] === true ? ['--local-admin'] : []),
  ];
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean' },
        'read-only': { type: 'boolean' },
        screen: { type: 'string' },
        ascii: { type: 'boolean' },
        theme: { type: 'string' },
        mouse: { type: 'boolean' },
        'screen-reader': { type: 'boolean' },
        server: { type: 'string' },
        run: { type: 'string' },
        ca: { type: 'string' },
        'token-file': { type: 'string' },
        'local-admin': { type: 'boolean' },
      },
    });
  } catch (error) {
    const [why = ''] = error instanceof Error ? error.message.split('. ') : [];
    throw new AppError('USAGE', `${why}; see 'latchkey tui --help'`);
  }
}
