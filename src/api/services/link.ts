/**
 * LinkService: links on this host register; users see, start and stop their own links, managers everyone's.
 */
import { seesAll } from '../../accounts/roles.ts';
import { AppError } from '../../errors.ts';
import {
  LinkServiceDefinition,
  type WatchLinksRequest,
  type WatchLinksResponse,
} from '../../generated/latchkey/v1/link.ts';
import { checkFilter } from '../../store/page.ts';
import type { LinkChange, LinkInfo } from '../../supervisor/link-info.ts';
import type { Links } from '../../supervisor/links.ts';
import { matchesFilter, mayMatchFilter } from '../../supervisor/listing.ts';
import type { Caller, KnownCaller } from '../pipeline/caller.ts';
import type { Limits } from '../pipeline/limits.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { watch } from '../pipeline/watch.ts';
import { endOrPreview, type RevocationDeps } from './end-or-preview.ts';
import { linkMessage } from './to-proto.ts';

export interface LinkDeps {
  readonly links: Pick<Links, 'register' | 'list' | 'changes' | 'obtain'>;
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
    listLinks: async ({ linuxUser, ...query }, caller) => {
      const scope = scopeOf(linuxUser, caller);
      if (scope === undefined) return { links: [], nextPageToken: '', total: 0 };
      const page = await links.list({ ...query, linuxUser: scope });
      return { links: page.items.map(linkMessage), nextPageToken: page.nextPageToken, total: page.total };
    },
    watchLinks: (request, caller) => watchLinks(deps, request, caller),
    startLink: async (_request, { claims }) => ({ link: linkMessage((await links.obtain(claims)).info) }),
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
 * Linux user whose links the caller sees, '' for all; undefined when the caller sees none of those asked for.
 */
function scopeOf(linuxUser: string, caller: KnownCaller): string | undefined {
  if (seesAll(caller)) return linuxUser;
  const { user } = caller.claims;
  return linuxUser === '' || linuxUser === user ? user : undefined;
}

async function* watchLinks(
  { links }: LinkDeps,
  { linuxUser, text, changesOnly }: WatchLinksRequest,
  caller: KnownCaller,
): AsyncGenerator<WatchLinksResponse> {
  const scope = scopeOf(linuxUser, caller);
  checkFilter({ linuxUser, text });
  const present = (link: LinkInfo): WatchLinksResponse => ({
    event: { $case: 'link', value: linkMessage(link) },
  });
  yield* watch<LinkInfo, LinkChange, WatchLinksResponse>({
    changes: links.changes,
    changesOnly,
    signal: caller.signal,
    page: async (pageSize, pageToken) =>
      scope === undefined
        ? { items: [], nextPageToken: '', total: 0 }
        : links.list({ linuxUser: scope, text, pageSize, pageToken }),
    present,
    done: { event: { $case: 'snapshotDone', value: true } },
    changed: ({ kind, link }) => {
      if (scope === undefined || !mayMatchFilter({ linuxUser: scope, text }, link)) return undefined;
      const isThere = kind === 'changed' && matchesFilter({ text }, link);
      return isThere ? present(link) : { event: { $case: 'removedSocket', value: link.socket } };
    },
  });
}
