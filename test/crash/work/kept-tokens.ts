/** What has become of tokens after a restart: each by itself, the server's list of them, and their links. */
import { LinkState } from '../../../src/generated/latchkey/v1/link.ts';
import { type KnownToken, settle } from '../history/model.ts';
import type { Random } from '../random.ts';
import { until } from '../until.ts';
import type { Administrator } from './administrator.ts';
import type { TokensAtWork } from './tokens-at-work.ts';

const BY_SSH = 'web-ssh';
/** The others are the administrator's, and of link daemons that logins by SSH have left. */
const METHODS = ['link', BY_SSH];
const OLD_ONES = 5;

/** A token that has to be good. */
interface Good {
  readonly jti: string;
  /** Of its link; '' when it has none. */
  readonly socket: string;
}

/** Looks at all tokens of `worker` that may be good, and at some that are over. Throws what it finds. */
export async function checkTokens(worker: TokensAtWork, random: Random): Promise<void> {
  const old = worker.tokens.filter(({ isOver }) => isOver);
  const some = Array.from({ length: OLD_ONES }, () => random.of(old)).filter((it) => it !== undefined);
  const all = [...worker.tokens.filter(({ isOver }) => !isOver), ...new Set(some)];
  await Promise.all(all.map((known) => settled(known, worker)));
  if (worker.findings.length > 0) throw new Error(worker.findings.join('\n'));
}

/** What the server says of it now, whenever it says it. */
async function settled(known: KnownToken, worker: TokensAtWork): Promise<void> {
  await until('an answer', async () => {
    const seen = await worker.look(known);
    settle(known, seen);
    return seen === undefined ? `none about ${known.jti}` : '';
  });
}

/** The server lists `good` tokens and no others, and their links, ready. */
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
 * Revokes what nobody was given. A link is given its token by the daemon itself; a login by SSH whose
 * daemon is killed before it answers leaves one, so there may be as many as were not answered: `untold`.
 */
export async function revokeUntold(
  administrator: Administrator,
  good: readonly Good[],
  untold: number,
): Promise<void> {
  const known = new Set(good.map(({ jti }) => jti));
  const bySsh = (await administrator.tokens()).filter(({ authMethod }) => authMethod === BY_SSH);
  const jtis = bySsh.map(({ jti }) => jti).filter((jti) => !known.has(jti));
  if (jtis.length > untold) throw new Error(`${jtis} are nobody's, and only ${untold} could be`);
  if (jtis.length > 0) await administrator.revoke(jtis);
}

/** In words what is in one and not in the other; '' when they are the same. */
function difference(wanted: readonly string[], found: readonly string[]): string {
  const lost = wanted.filter((one) => !found.includes(one)).map((one) => `${one} is missing`);
  const more = found.filter((one) => !wanted.includes(one)).map((one) => `${one} is nobody's`);
  return [...lost, ...more].join(', ');
}
