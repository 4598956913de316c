/** Messages to the user of a link in the foreground, on standard error. */

import { inert } from '../inert.ts';
import type { LocalServer } from '../system/local-server.ts';
import { Progress } from '../terminal/progress.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Departure } from './link.ts';

const DEPARTURES: Readonly<Record<Departure, string>> = {
  expired: 'the token has expired; run the command again to continue',
  stopped: 'ended by the server',
  signalled: 'stopped; the programs that it started keep running',
};

export const announce = {
  /**
   * Returns the result of `work`. On a terminal, shows that it is waiting once that takes longer than a
   * second.
   */
  while<Result>(work: Promise<Result>): Promise<Result> {
    const progress = new Progress(process.stderr.isTTY ? process.stderr : undefined);
    return progress.while(() => 'latchkey link: waiting for the server', work);
  },
  inBackground(): void {
    tell("your link daemon runs in the background, for all your logins; 'latchkey links' shows it");
  },
  /** Another login's token was stored for the command line. */
  replaced(): void {
    tell('the command line uses this login now; when this link ends, it uses the previous one again');
  },
  ready({ sub, exp }: TokenClaims, { hostname, address }: LocalServer): void {
    const until = localTime(new Date(exp * 1000));
    tell(`${sub} is logged in at ${hostname} (${address}) until ${until}; Ctrl-C ends it`);
  },
  departed(why: Departure): void {
    tell(DEPARTURES[why]);
  },
};

/** Formats without Intl, which would keep 1.5 MB of memory for one line. */
function localTime(date: Date): string {
  const two = (part: number): string => `${part}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function tell(text: string): void {
  process.stderr.write(`latchkey link: ${inert(text)}\n`);
}
