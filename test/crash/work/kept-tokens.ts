/** Checks the tokens after a restart: each by itself, the server's list, and their links. */

import { LinkState } from '../../../src/generated/latchkey/v1/link.ts';
import { AuthMethod } from '../../../src/generated/latchkey/v1/token.ts';
import type { Random } from '../../support/run/random.ts';
import { type KnownToken, settle } from '../history/model.ts';
import { until } from '../until.ts';
import type { Administrator } from './administrator.ts';
import type { TokensAtWork } from './tokens-at-work.ts';

const BY_SSH = AuthMethod.SSH;
/** Methods to check; other tokens are the administrator's, and those of link daemons. */
const METHODS: readonly AuthMethod[] = [AuthMethod.LINK, BY_SSH];
const OLD_ONES = 5;

/** A token that must be valid. */
interface Good {
  readonly jti: string;
  /** Socket of its link; '' without a link. */
  readonly socket: string;
}

/** Checks all tokens of `worker` that may be valid, and some that are not. Throws its findings. */
export async function checkTokens(worker: TokensAtWork, random: Random): Promise<void> {
  const old = worker.tokens.filter(({ isOver }) => isOver);
  const some = Array.from({ length: OLD_ONES }, () => random.of(old)).filter((it) => it !== undefined);
  const all = [...worker.tokens.filter(({ isOver }) => !isOver), ...new Set(some)];
  await Promise.all(all.map((known) => settled(known, worker)));
  if (worker.findings.length > 0) throw new Error(worker.findings.join('\n'));
}

/** Waits for the server's answer about a token, and records it. */
async function settled(known: KnownToken, worker: TokensAtWork): Promise<void> {
  await until('an answer', async () => {
    const seen = await worker.look(known);
    settle(known, seen);
    return seen === undefined ? `none about ${known.jti}` : '';
  });
}

/** Checks that the server lists exactly the tokens `good`, and their links as ready. */
export async function checkLists(administrator: Administrator, good: readonly Good[]): Promise<void> {
  const jtis = good.map(({ jti }) => jti);
  await until('tokens', async () => {
    const listed = (await administrator.tokens()).filter(({ authMethod }) => METHODS.includes(authMethod));
    return difference(
      jtis,
      listed.map(({ jti }) => jti),
    );
  });
  const sockets = good.map(({ socket }) => socket).filter((socket) => socket !== '');
  await until('links', async () => {
    const links = await administrator.links();
    const ready = links.filter(({ state, daemon }) => state === LinkState.READY && !daemon);
    return difference(
      sockets,
      ready.map(({ socket }) => socket),
    );
  });
}

/**
 * Revokes tokens that nobody received: at most `untold`, the number of unanswered requests. A login over
 * SSH whose daemon is killed before it answers leaves such a token; a link receives its token from the
 * daemon directly.
 */
export async function revokeUnclaimed(
  administrator: Administrator,
  good: readonly Good[],
  unclaimed: number,
): Promise<void> {
  const known = new Set(good.map(({ jti }) => jti));
  const bySsh = (await administrator.tokens()).filter(({ authMethod }) => authMethod === BY_SSH);
  const jtis = bySsh.map(({ jti }) => jti).filter((jti) => !known.has(jti));
  if (jtis.length > unclaimed) throw new Error(`${jtis} are nobody's, and only ${unclaimed} could be`);
  if (jtis.length > 0) await administrator.revoke(jtis);
}

/** Describes the differences of two lists; '' when they are equal. */
function difference(wanted: readonly string[], found: readonly string[]): string {
  const lost = wanted.filter((one) => !found.includes(one)).map((one) => `${one} is missing`);
  const more = found.filter((one) => !wanted.includes(one)).map((one) => `${one} is nobody's`);
  return [...lost, ...more].join(', ');
}
