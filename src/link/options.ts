/** The options of `latchkey link`. */
import { parseArgs } from 'node:util';
import { AppError } from '../errors.ts';

export interface LinkOptions {
  readonly help: boolean;
  readonly daemon: boolean;
  readonly printToken: boolean;
  /** The server's run folder. */
  readonly run: string;
  /** Internal: this is the detached process; it reports to this descriptor. */
  readonly report: number | undefined;
  /** Internal: only ask PAM about this account. */
  readonly account: string | undefined;
  /** Internal: register a link for the process that writes the request to stdin. */
  readonly register: boolean;
  /** Internal: only print the account proof for this nonce. */
  readonly prove: string | undefined;
}

export const HELP = `Usage: latchkey link [--daemon] [--print-token] [--run DIR]

Runs programs for you on this host, started through the Latchkey server, and gives you a
token without another login. Stays in the foreground until Ctrl-C, so that you want another
terminal beside it; what was started goes on. A server of your own needs --run: its log
and "latchkey config show" tell the folder.

  --daemon        in the background, for all of your tokens that have no link of their own; it
                  gives you no token
  --print-token   print the token instead of storing it for the command line
  --run DIR       the server's run folder (default /run/latchkey)
  --help          this text
`;

const DEFAULT_RUN = '/run/latchkey';

/** Throws USAGE for invalid options. */
export function parseOptions(argv: readonly string[]): LinkOptions {
  const values = parse(argv);
  const { daemon = false, help = false, 'print-token': printToken = false, run = DEFAULT_RUN } = values;
  if (daemon && printToken) throw usage('--daemon stores no token for you; leave out --print-token');
  if (!run.startsWith('/')) throw usage('--run needs an absolute path');
  const report = values['report-fd'] === undefined ? undefined : Number(values['report-fd']);
  return {
    help,
    daemon,
    printToken,
    run,
    report,
    account: values['check-account'],
    register: values.register === true,
    prove: values.prove,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      strict: true,
      allowPositionals: false,
      options: {
        daemon: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        'print-token': { type: 'boolean' },
        run: { type: 'string' },
        'report-fd': { type: 'string' },
        'check-account': { type: 'string' },
        register: { type: 'boolean' },
        prove: { type: 'string' },
      },
    }).values;
  } catch (cause) {
    throw usage(cause instanceof Error ? cause.message.split('. ')[0] : undefined);
  }
}

function usage(why = 'invalid options'): AppError {
  return new AppError('USAGE', `${why}; see latchkey link --help`);
}
