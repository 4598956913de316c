/** What a link in the foreground tells its user, on standard error. */

import { inert } from '../inert.ts';
import type { LocalServer } from '../system/local-server.ts';
import { Progress } from '../terminal/progress.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Departure } from './link.ts';

const WORDS: Readonly<Record<Departure, string>> = {
  expired: 'the token has expired; run it again to go on',
  stopped: 'ended by the server',
  signalled: 'ended; what it had started goes on',
};

export const announce = {
  /** What `work` gives; says on a terminal that it is waited for, once that takes longer than a second. */
  while<Result>(work: Promise<Result>): Promise<Result> {
    const progress = new Progress(process.stderr.isTTY ? process.stderr : undefined);
    return progress.while(() => 'latchkey link: waiting for the server', work);
  },
  inBackground(): void {
    tell("your link daemon runs in the background, for all logins of yours; 'latchkey links' shows it");
  },
  /** Another login was kept for the command line. */
  replaced(): void {
    tell('the command line had another login, which goes on; it has that again when this link ends');
  },
  ready({ sub, exp }: TokenClaims, { hostname, address }: LocalServer): void {
    const until = localTime(new Date(exp * 1000));
    tell(`${sub} is logged in at ${hostname} (${address}) until ${until}; Ctrl-C ends it`);
  },
  departed(why: Departure): void {
    tell(WORDS[why]);
  },
};

/** Without Intl, which would stay in memory (1.5 MB) for one line. */
function localTime(date: Date): string {
  const two = (part: number): string => `${part}`.padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function tell(text: string): void {
  process.stderr.write(`latchkey link: ${inert(text)}\n`);
}
