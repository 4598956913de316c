/** Lists and watches show users their own tokens, logins, links and sessions, and managers everybody's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import { BEGUN, toldDuring } from '../../../test/support/clients/told-during.ts';
import { RecordedSessions } from '../../../test/support/server/recorded-sessions.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import type { MintRequest } from '../../authority/authority.ts';
import type { Client } from '../../client/connect/connect.ts';
import { Feed } from '../../feed.ts';
import type { LinkChange, LinkInfo } from '../../supervisor/link-info.ts';
import { type LinkQuery, pageOfLinks } from '../../supervisor/listing.ts';

type Owner = 'anna' | 'hanna';
type Viewer = 'anna' | 'max' | 'stranger';

interface Filter {
  readonly text?: string;
  /** Login, or for links the Linux user. */
  readonly owner?: string;
}

/** Owners that each viewer is shown: max is a manager, and the stranger has no Linux user. */
interface Case extends Readonly<Record<Viewer, readonly Owner[]>> {
  readonly filter: Filter | undefined;
}

const BOTH = ['hanna', 'anna'] as const;
const CASES: readonly Case[] = [
  { filter: undefined, anna: ['anna'], max: BOTH, stranger: [] },
  { filter: {}, anna: ['anna'], max: BOTH, stranger: [] },
  { filter: { text: 'anna' }, anna: ['anna'], max: BOTH, stranger: [] },
  { filter: { text: 'hanna' }, anna: [], max: ['hanna'], stranger: [] },
  { filter: { owner: 'anna' }, anna: ['anna'], max: ['anna'], stranger: [] },
  { filter: { owner: 'hanna' }, anna: [], max: ['hanna'], stranger: [] },
];
const VIEWERS: readonly Viewer[] = ['anna', 'max', 'stranger'];

/** Objects of one kind, of which each owner has one at a time. */
interface Noun {
  readonly appear: (owner: Owner) => Promise<void>;
  readonly go: (owner: Owner) => Promise<void>;
  /** Returns the owners of those listed. */
  readonly list: (client: Client, filter: Filter | undefined) => Promise<string[]>;
  /** Yields the owner of each that is there or appears, "-owner" for one that goes, and BEGUN. */
  readonly watch: (client: Client, filter: Filter | undefined) => AsyncIterable<string>;
}

const tokens = new Map<string, Owner>();
const linkChanges = new Feed<LinkChange>();
const links = new Map<Owner, LinkInfo>();

let recorded: RecordedSessions;
let api: ServedApi;
beforeAll(async () => {
  recorded = await RecordedSessions.open();
  const list = async (query: LinkQuery) => pageOfLinks(links.values(), query);
  api = await ServedApi.start({
    links: { changes: linkChanges, list } as never,
    sessions: recorded.sessions,
    managers: ['max'],
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await recorded[Symbol.asyncDispose]();
});

const rowOf = (owner: Owner) => sessionRow(`s-${owner}`, { login: owner, linux_user: owner });

function linkOf(linuxUser: Owner): LinkInfo {
  const counts = { uid: 1000, pid: 7, createdAtMs: 1, sessions: 0 };
  const socket = `${linuxUser}.sock`;
  return { ...counts, socket, linuxUser, jti: 'j', daemon: true, state: 'ready', version: '0.1.0' };
}

const byLogin = (filter: Filter | undefined) =>
  filter && { text: filter.text ?? '', login: filter.owner ?? '' };
const byUser = (filter: Filter | undefined) =>
  filter && { text: filter.text ?? '', linuxUser: filter.owner ?? '' };

const NOUNS: Readonly<Record<string, Noun>> = {
  tokens: {
    appear: async (login) => {
      const { claims } = await api.authority.mint({ login, linuxUser: login, authMethod: 'link' });
      tokens.set(claims.jti, login);
    },
    go: async (owner) => {
      const jtis = [...tokens].filter(([, login]) => login === owner).map(([jti]) => jti);
      await api.revocation.revoke({ jtis }, 'revoked');
    },
    list: async (client, filter) => {
      const listed = await client.tokens.listTokens({ filter: byLogin(filter) });
      return listed.tokens.filter(({ jti }) => tokens.has(jti)).map(({ login }) => login);
    },
    watch: async function* (client, filter) {
      for await (const { event } of client.tokens.watchTokens({ filter: byLogin(filter) })) {
        if (event?.$case === 'snapshotDone') yield BEGUN;
        else if (event?.$case === 'removedJti') yield `-${tokens.get(event.value)}`;
        // The viewer's own token is there before it watches.
        else if (event && tokens.has(event.value.jti)) yield event.value.login;
      }
    },
  },
  links: {
    appear: async (owner) => {
      links.set(owner, linkOf(owner));
      linkChanges.emit({ kind: 'changed', link: linkOf(owner) });
    },
    go: async (owner) => {
      links.delete(owner);
      linkChanges.emit({ kind: 'removed', link: linkOf(owner) });
    },
    list: async (client, filter) => {
      const listed = await client.links.listLinks({ filter: byUser(filter) });
      return listed.links.map(({ linuxUser }) => linuxUser);
    },
    watch: async function* (client, filter) {
      for await (const { event } of client.links.watchLinks({ filter: byUser(filter) })) {
        if (event?.$case === 'snapshotDone') yield BEGUN;
        else if (event?.$case === 'removedSocket') yield `-${event.value.replace('.sock', '')}`;
        else if (event) yield event.value.linuxUser;
      }
    },
  },
  sessions: {
    appear: (owner) => recorded.add(rowOf(owner)),
    go: (owner) => recorded.remove(rowOf(owner)),
    list: async (client, filter) => {
      const listed = await client.sessions.listSessions({ filter: byLogin(filter) });
      return listed.sessions.map(({ login }) => login);
    },
    watch: async function* (client, filter) {
      for await (const { event } of client.sessions.watchSessions({ filter: byLogin(filter) })) {
        if (event?.$case === 'snapshotDone') yield BEGUN;
        else if (event?.$case === 'removedId') yield event.value.replace('s-', '-');
        else if (event) yield event.value.login;
      }
    },
  },
};

/** The token with which a viewer calls. */
function tokenOf(viewer: Viewer): MintRequest {
  const user = viewer === 'stranger' ? {} : { linuxUser: viewer };
  return { login: viewer, authMethod: 'key', ...user };
}

/** Returns what a watch tells until it has told all that is there. */
async function snapshot(texts: AsyncIterable<string>): Promise<string[]> {
  const there: string[] = [];
  for await (const text of texts) {
    if (text === BEGUN) break;
    there.push(text);
  }
  return there;
}

const named = (filter: Filter | undefined): string => JSON.stringify(filter) ?? 'nothing';
const ROWS = CASES.flatMap(({ filter, ...shown }) =>
  VIEWERS.map((viewer) => [named(filter), viewer, shown[viewer].join(' and ') || 'nobody', filter] as const),
);

/** Returns the owners that a row names, in the order in which they appear. */
function ownersOf(names: string): Owner[] {
  return BOTH.filter((owner) => names.split(' and ').includes(owner));
}

describe.each(Object.keys(NOUNS))('%s', (name) => {
  const { appear, go, list, watch } = NOUNS[name] as Noun;

  it.each(ROWS)('filtered by %s show %s what belongs to %s (F28, F29)', async (_, viewer, names, filter) => {
    const shown = ownersOf(names);
    const told = await toldDuring(
      api,
      tokenOf(viewer),
      (client) => watch(client, filter),
      async (client) => {
        for (const owner of BOTH) await appear(owner);
        expect((await list(client, filter)).toSorted()).toEqual(shown.toSorted());
        expect((await snapshot(watch(client, filter))).toSorted()).toEqual(shown.toSorted());
        for (const owner of BOTH) await go(owner);
      },
    );
    expect(told).toEqual([...shown, ...shown.map((owner) => `-${owner}`)]);
  });
});

describe('logins', () => {
  it.each(ROWS)('filtered by %s show %s those of %s (F28, F29)', async (_, viewer, names, filter) => {
    const { token } = await api.authority.mint(tokenOf(viewer));
    await using client = await api.client(undefined, { token });
    for (const owner of BOTH) await NOUNS.tokens?.appear(owner);
    const { logins } = await client.tokens.listLogins({ filter: byLogin(filter) });
    for (const owner of BOTH) await api.revocation.revoke({ login: owner }, 'revoked');
    const owners = logins.map(({ login }) => login).filter((login) => ownersOf(login).length > 0);
    expect(owners.toSorted()).toEqual(ownersOf(names).toSorted());
  });
});
