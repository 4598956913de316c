/** The options of `latchkey link`. */
import { parseOptions, usageFailure } from '../entry/parse-options.ts';
import { LINK } from '../entry/roles/link.ts';

export interface LinkOptions {
  readonly daemon: boolean;
  readonly printToken: boolean;
  /** The server's run folder. */
  readonly run: string;
  /** Internal: this is the detached process; it reports to this descriptor. */
  readonly report: number | undefined;
  /** Internal: the soft limit of open files that the login had, before Node raised it. */
  readonly openFiles: number | undefined;
  /** Internal: only ask PAM about this account. */
  readonly account: string | undefined;
  /** Internal: register a link for the process that writes the request to stdin. */
  readonly register: boolean;
  /** Internal: only end the sessions that standard input names. */
  readonly endSessions: boolean;
  /** Internal: only print the account proof for this nonce. */
  readonly prove: string | undefined;
}

const DEFAULT_RUN = '/run/latchkey';

/** Throws USAGE for invalid options. */
export function readOptions(argv: readonly string[]): LinkOptions {
  const { values } = parseOptions(LINK, argv);
  const { daemon = false, 'print-token': printToken = false, run = DEFAULT_RUN } = values;
  if (daemon && printToken)
    throw usageFailure(LINK, '--daemon stores no token for you; leave out --print-token');
  if (!run.startsWith('/')) throw usageFailure(LINK, '--run needs an absolute path');
  const number = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(text);
  return {
    daemon,
    printToken,
    run,
    report: number(values['report-fd']),
    openFiles: number(values['open-files']),
    account: values['check-account'],
    register: values.register === true,
    endSessions: values['end-sessions'] === true,
    prove: values.prove,
  };
}
