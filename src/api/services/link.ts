/** LinkService: links of this host register; users see, start and stop their own, managers see and stop everybody's. */
import type { Authority } from '../../authority/authority.ts';
import { AppError } from '../../errors.ts';
import {
  LinkServiceDefinition,
  type WatchLinksRequest,
  type WatchLinksResponse,
} from '../../generated/latchkey/v1/link.ts';
import { checkFilter } from '../../store/page.ts';
import type { LinkChange, LinkInfo } from '../../supervisor/link-info.ts';
import type { Links } from '../../supervisor/links.ts';
import { isPickedLink, isPickedSometimes } from '../../supervisor/listing.ts';
import { type Caller, type Identifying, type KnownCaller, seesAll } from '../pipeline/caller.ts';
import type { Limits } from '../pipeline/limits.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { watch } from '../pipeline/watch.ts';
import { linkMessage, receiptMessage } from './to-proto.ts';
import { checkMayEnd } from './token.ts';

export interface LinkDeps {
  readonly links: Pick<Links, 'register' | 'list' | 'get' | 'changes' | 'obtain'>;
  readonly authority: Pick<Authority, 'get' | 'revoke'>;
  readonly roles: Identifying['roles'];
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
    stopLink: async ({ socket }, caller) => {
      const { linuxUser, jti } = links.get(socket);
      if (scopeOf(linuxUser, caller) === undefined) throw new AppError('NOT_FOUND', 'there is no such link');
      const claims = await deps.authority.get(jti);
      if (claims !== undefined) await checkMayEnd(deps.roles, [claims], caller);
      // A link ends with its token; the caller's own call, which may hang on it, is not waited for.
      const receipt = await deps.authority.revoke({ jtis: [jti] }, 'revoked', { except: caller.call });
      return { receipt: receiptMessage(receipt) };
    },
  });
}

async function localUid({ peer }: Caller): Promise<number> {
  const uid = await peer.uid();
  if (uid === undefined) throw new AppError('LOCAL_ONLY', 'the kernel does not know who is calling');
  return uid;
}

/** Whose links to look at: '' for all; undefined when the caller sees none of those asked for. */
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
      if (scope === undefined || !isPickedSometimes({ linuxUser: scope, text }, link)) return undefined;
      const isThere = kind === 'changed' && isPickedLink({ text }, link);
      return isThere ? present(link) : { event: { $case: 'removedSocket', value: link.socket } };
    },
  });
}
