/** The options that every command accepts, before or after its name. */
import { flag, type Options, valued } from './option.ts';

export const EVERYWHERE = {
  server: valued('host:port', 'the server to talk to (LATCHKEY_SERVER)'),
  run: valued('dir', "the local server's run directory"),
  ca: valued('file', "the server's CA certificate, PEM (LATCHKEY_CA)"),
  'token-file': valued('file', 'the token to use (LATCHKEY_TOKEN_FILE)'),
  'local-admin': flag("use the local server's administrator token"),
  config: valued('file', "the server's configuration file"),
  json: flag('results as JSON'),
  'no-color': flag('no colours (NO_COLOR)'),
  quiet: flag('print only the ids of a list, and only failures of actions'),
} as const satisfies Options;
