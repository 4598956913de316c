/**
 * LinkService: links on this host register; users see, start and stop their own links, managers everyone's.
 */
import { seesAll } from '../../accounts/roles.ts';
import { AppError } from '../../errors.ts';
import {
  LinkFilter,
  LinkServiceDefinition,
  LinkState,
  type WatchLinksRequest,
  type WatchLinksResponse,
} from '../../generated/latchkey/v1/link.ts';
import { checkFilter } from '../../store/page.ts';
import type { LinkChange, LinkInfo } from '../../supervisor/link-info.ts';
import type { Links } from '../../supervisor/links.ts';
import { matchesFilter, mayMatchFilter, type LinkFilter as OwnFilter } from '../../supervisor/listing.ts';
import type { Caller, KnownCaller } from '../pipeline/caller.ts';
import type { Limits } from '../pipeline/limits.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { watch } from '../pipeline/watch.ts';
import { endOrPreview, type RevocationDeps } from './end-or-preview.ts';
import { filterWord, linkMessage } from './to-proto.ts';

export interface LinkDeps {
  readonly links: Pick<Links, 'register' | 'list' | 'changes' | 'start'>;
  readonly revocation: RevocationDeps;
  readonly limits: Pick<Limits, 'countRegistration'>;
}

export function linkService(deps: LinkDeps): ServedMethod[] {
  const { links } = deps;
  return serve(LinkServiceDefinition, {
    registerLink: async (request, caller) => {
      const uid = await localUid(caller);
      deps.limits.countRegistration(uid);
      return links.register(request, uid);
    },
    listLinks: async ({ filter, ...query }, caller) => {
      const own = ownFilter(filter, caller);
      if (own === undefined) return { links: [], nextPageToken: '', totalSize: 0 };
      const page = await links.list({ ...query, ...own });
      return { links: page.items.map(linkMessage), nextPageToken: page.nextPageToken, totalSize: page.total };
    },
    watchLinks: (request, caller) => watchLinks(deps, request, caller),
    startLink: async (_request, { claims }) => ({ link: linkMessage((await links.start(claims)).info) }),
    stopLink: async (request, caller) =>
      endOrPreview(deps.revocation, request, { socket: request.socket }, caller),
  });
}

async function localUid({ peer }: Caller): Promise<number> {
  const uid = await peer.uid();
  if (uid === undefined) throw new AppError('LOCAL_ONLY', 'the kernel cannot tell which user is calling');
  return uid;
}

/**
 * Returns the filter, narrowed to the links of the caller's Linux user unless the caller sees all; undefined
 * when the caller sees none of those asked for. Throws INVALID_ARGUMENT.
 */
function ownFilter(
  { linuxUser, state, text }: LinkFilter = LinkFilter.create(),
  caller: KnownCaller,
): OwnFilter | undefined {
  const word = filterWord(LinkState, state, 'filter.state');
  const filter = { linuxUser, text, ...(word !== undefined && { state: word }) };
  const { user } = caller.claims;
  if (seesAll(caller)) return filter;
  if (user === undefined || (linuxUser !== '' && linuxUser !== user)) return undefined;
  return { ...filter, linuxUser: user };
}

async function* watchLinks(
  { links }: LinkDeps,
  { filter, changesOnly }: WatchLinksRequest,
  caller: KnownCaller,
): AsyncGenerator<WatchLinksResponse> {
  const own = ownFilter(filter, caller);
  checkFilter(filter ?? {});
  const present = (link: LinkInfo): WatchLinksResponse => ({
    event: { $case: 'link', value: linkMessage(link) },
  });
  yield* watch<LinkInfo, LinkChange, WatchLinksResponse>({
    changes: links.changes,
    changesOnly,
    signal: caller.signal,
    page: async (pageSize, pageToken) =>
      own === undefined
        ? { items: [], nextPageToken: '', total: 0 }
        : links.list({ ...own, pageSize, pageToken }),
    present,
    done: { event: { $case: 'snapshotDone', value: {} } },
    changed: ({ kind, link }) => {
      if (own === undefined || !mayMatchFilter(own, link)) return undefined;
      const isThere = kind === 'changed' && matchesFilter(own, link);
      return isThere ? present(link) : { event: { $case: 'removedSocket', value: link.socket } };
    },
  });
}
