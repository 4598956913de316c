/** The arguments of `latchkey tui`. */
import type { ConnectOptions } from '../src/client/connect/connect.ts';
import { parseOptions, usageFailure } from '../src/entry/parse-options.ts';
import { TUI } from '../src/entry/roles/tui.ts';
import { type Appearance, appearanceOf, preferencesIn, THEMES } from './view/theme.ts';

export interface TuiOptions {
  readonly readOnly: boolean;
  /** The screen as typed; '' when none was given. */
  readonly screen: string;
  readonly appearance: Appearance;
  readonly mouse: boolean;
  readonly connect: ConnectOptions;
}

/** Parses the arguments. Throws USAGE. */
export function readOptions(argv: readonly string[], env: NodeJS.ProcessEnv): TuiOptions {
  const { values, argument } = parseOptions(TUI, argv);
  const preferences = preferencesIn(env);
  const theme = THEMES.find((name) => name === (values.theme ?? preferences.theme));
  if (theme === undefined) throw usageFailure(TUI, `--theme is one of ${THEMES.join(', ')}`);
  const server = argument ?? values.server;
  return {
    readOnly: values['read-only'] === true,
    screen: values.screen ?? '',
    appearance: appearanceOf(
      theme,
      values.ascii === true || preferences.ascii,
      values['screen-reader'] === true || preferences.spoken,
    ),
    mouse: values.mouse === true,
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
