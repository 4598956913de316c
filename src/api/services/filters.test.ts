/** A watch with a filter tells of just what a list with the same filter has. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import { BEGUN, toldDuring } from '../../../test/support/clients/told-during.ts';
import { RecordedSessions } from '../../../test/support/server/recorded-sessions.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import type { Client } from '../../client/connect/connect.ts';
import { SessionState } from '../../generated/latchkey/v1/session.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import { type Session, sessionOf } from '../../sessions/session.ts';

const MANAGER = { login: 'max', authMethod: 'local' } as const;

let recorded: RecordedSessions;
let api: ServedApi;
beforeAll(async () => {
  recorded = await RecordedSessions.open();
  api = await ServedApi.start({ sessions: recorded.sessions });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await recorded[Symbol.asyncDispose]();
});

/** Objects that come and go, and what a manager is shown of them through one filter. */
interface Shown {
  readonly watch: (client: Client) => AsyncIterable<string>;
  readonly appear: () => Promise<void>;
  readonly list: (client: Client) => Promise<string[]>;
  readonly go: () => Promise<void>;
}

/** Expects that both the list and the watch show what is named in `wanted`, and nothing else. */
async function showsJust(wanted: readonly string[], { watch, appear, list, go }: Shown): Promise<void> {
  const told = await toldDuring(api, MANAGER, watch, async (client) => {
    await appear();
    expect((await list(client)).toSorted()).toEqual(wanted);
    await go();
  });
  expect(told).toEqual([...wanted, ...wanted.map((name) => `-${name}`)]);
}

describe('tokens', () => {
  const bySsh = { authMethod: 'ssh', linuxUser: 'u-ann', clientIp: '192.0.2.7' } as const;
  const TOKENS = [
    { login: 'ann', ...bySsh },
    { login: 'bob', ...bySsh, linuxUser: 'u-bob' },
    { login: 'cleo', ...bySsh, clientIp: '192.0.2.8' },
    { login: 'dan', authMethod: 'link' },
  ] as const;
  const logins = new Map<string, string>();

  async function* watch(client: Client, filter: object): AsyncGenerator<string> {
    for await (const { event } of client.tokens.watchTokens({ filter })) {
      if (event?.$case === 'snapshotDone') yield BEGUN;
      else if (event?.$case === 'removedJti') yield `-${logins.get(event.value)}`;
      else if (event && event.value.login !== MANAGER.login) yield event.value.login;
    }
  }

  it.each<[object, string[]]>([
    [{ login: 'bob' }, ['bob']],
    [{ authMethod: AuthMethod.LINK }, ['dan']],
    [{ authMethod: AuthMethod.SSH, login: 'dan' }, []],
    [{ text: 'BO' }, ['bob']],
    [{ text: 'u-ann' }, ['ann', 'cleo']],
    [{ text: '2.8' }, ['cleo']],
    [{ text: 'here' }, ['ann', 'bob', 'cleo', 'dan']],
    [{ text: 'u-ann', login: 'bob' }, []],
  ])('that match %j are listed, and told when they come and go', (filter, wanted) =>
    showsJust(wanted, {
      watch: (client) => watch(client, filter),
      appear: async () => {
        for (const token of TOKENS) logins.set((await api.authority.mint(token)).claims.jti, token.login);
      },
      list: async (client) => {
        const { tokens } = await client.tokens.listTokens({ filter });
        return tokens.map(({ login }) => login).filter((login) => login !== MANAGER.login);
      },
      go: async () => {
        for (const { login } of TOKENS) await api.revocation.revoke({ login }, 'revoked');
      },
    }),
  );

  it('are found by their id', async () => {
    const { claims } = await api.authority.mint(TOKENS[0]);
    logins.set(claims.jti, 'ann');
    const told = await toldDuring(
      api,
      MANAGER,
      (client) => watch(client, { text: claims.jti.slice(-12) }),
      async () => void (await api.revocation.revoke({ login: 'ann' }, 'revoked')),
    );
    expect(told).toEqual(['ann', '-ann']);
  });
});

describe('sessions', () => {
  const CORDON = { cordoned_at: 2, cordoned_by: 'max', cordon_message: 'why' };
  const SESSIONS = [
    sessionRow('s-1', { login: 'ann', linux_user: 'u-ann' }),
    sessionRow('s-2', { login: 'bob', linux_user: 'u-bob', command: '["make","all"]' }),
    sessionRow('s-3', { login: 'bob', linux_user: 'u-bob', state: 'ended', ended_at: 2 }),
    sessionRow('s-4', { login: 'cleo', linux_user: 'u-cleo', ...CORDON }),
  ];

  async function* watch(client: Client, filter: object): AsyncGenerator<string> {
    for await (const { event } of client.sessions.watchSessions({ filter })) {
      if (event?.$case === 'snapshotDone') yield BEGUN;
      else if (event?.$case === 'removedId') yield `-${event.value}`;
      else if (event) yield event.value.id;
    }
  }

  it.each<[object, string[]]>([
    [{ login: 'bob' }, ['s-2', 's-3']],
    [{ text: 'U-BOB' }, ['s-2', 's-3']],
    [{ text: 's-1' }, ['s-1']],
    [{ text: 'ann' }, ['s-1']],
    [{ text: 'make all' }, ['s-2']],
    [{ text: 'make', login: 'ann' }, []],
    [{ cordoned: true }, ['s-4']],
    [{ text: 'Cordon' }, ['s-4']],
    [{ cordoned: true, login: 'ann' }, []],
  ])('that match %j are listed, and told when they come and go', (filter, wanted) =>
    showsJust(wanted, {
      watch: (client) => watch(client, filter),
      appear: async () => {
        for (const row of SESSIONS) await recorded.add(row);
      },
      list: async (client) => {
        const { sessions } = await client.sessions.listSessions({ filter });
        return sessions.map(({ id }) => id);
      },
      go: async () => {
        for (const row of SESSIONS) await recorded.remove(row);
      },
    }),
  );

  it('that have another state than the filter are gone for its watcher', async () => {
    const [running, , ended] = SESSIONS.map((row) => sessionOf(row, 0));
    const told = await toldDuring(
      api,
      MANAGER,
      (client) => watch(client, { state: SessionState.RUNNING }),
      async () => {
        const changed = [running, { ...running, state: 'ended' }, ended] as Session[];
        for (const session of changed) recorded.sessions.changes.emit({ kind: 'changed', session });
      },
    );
    expect(told).toEqual(['s-1', '-s-1', '-s-3']);
  });

  it.each([{ cordoned: true }, { text: 'cordoned' }])(
    'that are uncordoned are gone for a watcher of %j, and no others',
    async (filter) => {
      const [row] = SESSIONS;
      const told = await toldDuring(
        api,
        MANAGER,
        (client) => watch(client, filter),
        async ({ sessions }) => {
          if (row === undefined) throw new Error('no session');
          await recorded.add(row);
          const sessionId = row.id;
          for (const message of ['first', 'second']) await sessions.cordonSession({ sessionId, message });
          await sessions.uncordonSession({ sessionId });
          await recorded.remove(row);
        },
      );
      expect(told).toEqual(['s-1', 's-1', '-s-1']);
    },
  );
});
