/** The options that every command accepts, before or after its name. */
import { flag, type Options, valued } from './option.ts';

export const GLOBAL_OPTIONS = {
  server: valued('host:port', 'the server to talk to (LATCHKEY_SERVER)'),
  run: valued('dir', 'the run directory of a server on this host'),
  ca: valued('file', "the server's CA certificate, PEM (LATCHKEY_CA)"),
  'token-file': valued('file', 'the token to use (LATCHKEY_TOKEN_FILE)'),
  'local-admin': flag("use the local server's administrator token"),
  config: valued('file', "the server's configuration file"),
  json: flag('print results as JSON'),
  'no-color': flag('print without colours (NO_COLOR)'),
  quiet: flag('print only the ids of a list, and only the failures of an action'),
} as const satisfies Options;
