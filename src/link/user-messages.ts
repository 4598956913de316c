/** Messages to the user of a link in the foreground, on standard error. */

import { inert } from '../inert.ts';
import type { LocalServer } from '../system/local-server.ts';
import { Progress } from '../terminal/progress.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { ExitReason } from './link.ts';

const EXIT_MESSAGES: Readonly<Record<ExitReason, string>> = {
  expired: 'the token has expired; run the command again to continue',
  stopped: 'ended by the server',
  retired: 'replaced by another link',
  signalled: 'stopped; the programs that it started keep running',
};

export const announce = {
  /**
   * Returns the result of `work`. On a terminal, shows progress once that takes longer than a second.
   */
  while<Result>(work: Promise<Result>): Promise<Result> {
    const progress = new Progress(process.stderr.isTTY ? process.stderr : undefined);
    return progress.while(() => 'latchkey link: waiting for the server', work);
  },
  inBackground(): void {
    print("your link daemon runs in the background, for all your logins; 'latchkey links' shows it");
  },
  /** The token of another login, stored for the command line, was replaced. */
  replaced(): void {
    print('the command line uses this login now; when this link ends, it uses the previous one again');
  },
  ready({ sub, exp }: TokenClaims, { hostname, address }: LocalServer): void {
    const until = localTime(new Date(exp * 1000));
    print(`${sub} is logged in at ${hostname} (${address}) until ${until}; Ctrl-C ends it`);
  },
  exiting(reason: ExitReason): void {
    print(EXIT_MESSAGES[reason]);
  },
};

/** Formats without Intl, which would keep 1.5 MB of memory for one line. */
function localTime(date: Date): string {
  const two = (part: number): string => `${part}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function print(text: string): void {
  process.stderr.write(`latchkey link: ${inert(text)}\n`);
}
