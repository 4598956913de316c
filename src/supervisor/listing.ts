/** Lists links from memory: there are at most thousands of them, and their state is stored nowhere else. */
import {
  checkText,
  finishPage,
  type Order,
  type Page,
  type PageQuery,
  parseOrder,
  planPage,
} from '../store/page.ts';
import { matchesText } from '../store/text-in.ts';
import type { LinkInfo } from './link-info.ts';

/** A filter of links; a missing or empty field matches all. */
export interface LinkFilter {
  readonly linuxUser?: string;
  readonly state?: LinkInfo['state'];
  /**
   * Matches any part of socket, Linux user, version, state or token id, ignoring the case of ASCII letters.
   */
  readonly text?: string;
}

export interface LinkQuery extends PageQuery, LinkFilter {
  /** "created_at desc" when empty. */
  readonly orderBy?: string;
}

const KEYS = {
  socket: ({ socket }) => socket,
  linux_user: ({ linuxUser }) => linuxUser,
  daemon: ({ daemon }) => Number(daemon),
  state: ({ state }) => state,
  pid: ({ pid }) => pid,
  sessions: ({ sessions }) => sessions,
  created_at: ({ createdAtMs }) => createdAtMs,
  version: ({ version }) => version,
} as const satisfies Record<string, (link: LinkInfo) => string | number>;

type Column = keyof typeof KEYS;
type Place = readonly [key: string | number, socket: string];

const STATES: readonly LinkInfo['state'][] = ['ready', 'retiring', 'lost'];
const COLUMNS = Object.keys(KEYS) as Column[];

/** Returns true when the filter matches `link`. */
export function matchesFilter({ linuxUser, state, text = '' }: LinkFilter, link: LinkInfo): boolean {
  if (linuxUser && linuxUser !== link.linuxUser) return false;
  if (state !== undefined && state !== link.state) return false;
  return matchesText(text, [link.socket, link.linuxUser, link.version, link.state, link.jti]);
}

/** Returns true when the filter matches `link` in any state, so that a client may have it in its list. */
export function mayMatchFilter(filter: LinkFilter, link: LinkInfo): boolean {
  return STATES.some((state) => matchesFilter(filter, { ...link, state }));
}

/** Returns one page of the matching links. Throws INVALID_ARGUMENT. */
export function pageOfLinks(links: Iterable<LinkInfo>, query: LinkQuery): Page<LinkInfo> {
  const { linuxUser, state, text, orderBy } = query;
  if (text) checkText(text);
  const order = parseOrder(orderBy || 'created_at desc', COLUMNS);
  const plan = planPage(query, ['links', linuxUser, state, text, order]);
  const place = (link: LinkInfo): Place => [KEYS[order.column](link), link.socket];
  const picked = [...links].filter((link) => matchesFilter(query, link));
  const sorted = picked.sort((one, other) => compare(order, place(one), place(other)));
  const { after } = plan;
  const rest = after
    ? sorted.filter((link) => compare(order, place(link), [after.value, after.id]) > 0)
    : sorted;
  return finishPage(plan, rest, after?.total ?? picked.length, (link) => [...place(link)]);
}

function compare({ direction }: Order<Column>, [one, oneId]: Place, [other, otherId]: Place): number {
  const isBefore = one === other ? oneId < otherId : one < other;
  if (one === other && oneId === otherId) return 0;
  return isBefore === (direction === 'asc') ? -1 : 1;
}
