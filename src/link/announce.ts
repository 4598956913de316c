/** What a link in the foreground tells its user, on standard error. */
import type { LocalServer } from '../client/local-server.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Departure } from './link.ts';

const WORDS: Readonly<Record<Departure, string>> = {
  expired: 'the token has expired; run it again to go on',
  stopped: 'ended by the server',
  signalled: 'ended; what it had started goes on',
};

export const announce = {
  ready({ sub, exp }: TokenClaims, { hostname, address }: LocalServer): void {
    const until = new Date(exp * 1000).toLocaleString();
    tell(`${sub} is logged in at ${hostname} (${address}) until ${until}; Ctrl-C ends it`);
  },
  departed(why: Departure): void {
    tell(WORDS[why]);
  },
};

function tell(text: string): void {
  process.stderr.write(`latchkey link: ${text}\n`);
}
