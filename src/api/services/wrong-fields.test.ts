import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { type Client, connect } from '../../client/connect/connect.ts';
import type { Conversation } from '../../client/connect/methods.ts';
import { sessionsById, sessionsOfLogin } from '../../client/session-selection.ts';
import { tokensById, tokensOfLogin } from '../../client/token-selection.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';

const LONG = 'x'.repeat(257);
const NUL = Buffer.from('a\0b');

let world: World;
let client: Client;

beforeAll(async () => {
  world = await World.open({ roles: { boss: 'admin' } });
  const request = { login: 'boss', linuxUser: me.username, uid: me.uid, authMethod: 'key' as const };
  const { token } = await world.authority.mint(request);
  const env = { HOME: world.folder, LATCHKEY_CA: join(world.folder, 'pki', 'ca.pem') };
  client = await connect({ server: world.address, token, env });
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function first(answers: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of answers) return;
}

async function firstAfter<Request>(
  { send, responses }: Conversation<Request, unknown>,
  ...requests: Request[]
): Promise<void> {
  for (const request of requests) send(request).catch(() => {});
  await first(responses);
}

type Wrong = readonly [field: string, call: (client: Client) => Promise<unknown>];

const unknown = 99 as never;

const LISTS: readonly Wrong[] = [
  ['page_size', ({ tokens }) => tokens.listTokens({ pageSize: -1 })],
  ['page_size', ({ tokens }) => tokens.listLogins({ pageSize: -1 })],
  ['page_size', ({ links }) => links.listLinks({ pageSize: -(2 ** 31) })],
  ['page_size', ({ sessions }) => sessions.listSessions({ pageSize: -1 })],
  ['page_token', ({ tokens }) => tokens.listTokens({ pageToken: 'x' })],
  ['page_token', ({ links }) => links.listLinks({ pageToken: 'x' })],
  ['order_by', ({ tokens }) => tokens.listLogins({ orderBy: 'shoe size' })],
  ['order_by', ({ links }) => links.listLinks({ orderBy: 'pid down' })],
  ['order_by', ({ sessions }) => sessions.listSessions({ orderBy: 'x' })],
  ['filter.auth_method', ({ tokens }) => tokens.listTokens({ filter: { authMethod: unknown } })],
  ['filter.auth_method', ({ tokens }) => first(tokens.watchTokens({ filter: { authMethod: unknown } }))],
  ['filter.auth_method', ({ tokens }) => tokens.listLogins({ filter: { authMethod: unknown } })],
  ['filter.state', ({ links }) => links.listLinks({ filter: { state: unknown } })],
  ['filter.state', ({ links }) => first(links.watchLinks({ filter: { state: unknown } }))],
  ['filter.state', ({ sessions }) => sessions.listSessions({ filter: { state: unknown } })],
  ['filter.state', ({ sessions }) => first(sessions.watchSessions({ filter: { state: unknown } }))],
  ['filter.text', ({ tokens }) => tokens.listTokens({ filter: { text: LONG } })],
  ['filter.text', ({ links }) => links.listLinks({ filter: { text: LONG } })],
  ['filter.linux_user', ({ links }) => first(links.watchLinks({ filter: { linuxUser: LONG } }))],
  ['filter.login', ({ sessions }) => first(sessions.watchSessions({ filter: { login: LONG } }))],
];

const ACTS: readonly Wrong[] = [
  ['selection', ({ tokens }) => tokens.revokeTokens({})],
  ['tokens.jtis', ({ tokens }) => tokens.revokeTokens({ selection: tokensById([]) })],
  ['tokens.jtis', ({ tokens }) => tokens.revokeTokens({ selection: tokensById(Array(1001).fill('j')) })],
  ['login', ({ tokens }) => tokens.revokeTokens({ selection: tokensOfLogin('') })],
  ['socket', ({ links }) => links.registerLink({ socket: '../x' })],
  ['command', ({ sessions }) => sessions.startSession({})],
  ['command', ({ sessions }) => sessions.startSession({ command: [Buffer.from('true'), NUL] })],
  [
    'environment',
    ({ sessions }) => sessions.startSession({ command: [Buffer.from('id')], environment: { 'A B': NUL } }),
  ],
  [
    'environment',
    ({ sessions }) => sessions.startSession({ command: [Buffer.from('id')], environment: { A: NUL } }),
  ],
  [
    'directory',
    ({ sessions }) => sessions.startSession({ command: [Buffer.from('id')], directory: Buffer.from('x') }),
  ],
  [
    'terminal',
    ({ sessions }) =>
      sessions.startSession({ command: [Buffer.from('id')], terminal: { columns: 0, rows: 24 } }),
  ],
  ['signal', ({ sessions }) => sessions.signalSession({ sessionId: 's', signal: 'LOUD' })],
  ['selection', ({ sessions }) => sessions.endSession({})],
  ['sessions.ids', ({ sessions }) => sessions.endSession({ selection: sessionsById([]) })],
  ['sessions.ids', ({ sessions }) => sessions.endSession({ selection: sessionsById(Array(1001).fill('s')) })],
  ['login', ({ sessions }) => sessions.endSession({ selection: sessionsOfLogin('') })],
  [
    'grace',
    ({ sessions }) => sessions.endSession({ selection: sessionsById(['s']), grace: { seconds: 61 } }),
  ],
  [
    'grace',
    ({ sessions }) =>
      sessions.endSession({ selection: sessionsById(['s']), grace: { seconds: 1, nanos: -1 } }),
  ],
  [
    'offset',
    ({ sessions }) => first(sessions.readOutput({ sessionId: 's', offset: Number.MIN_SAFE_INTEGER })),
  ],
  ['attach', ({ sessions }) => firstAfter(sessions.attachSession(), {})],
  [
    'offset',
    ({ sessions }) =>
      firstAfter(sessions.attachSession(), {
        request: { $case: 'attach', value: { sessionId: 's', offset: Number.MIN_SAFE_INTEGER } },
      }),
  ],
  ['begin', ({ auth }) => firstAfter(auth.login(), {})],
  [
    'begin.purpose',
    ({ auth }) =>
      firstAfter(auth.login(), {
        request: { $case: 'begin', value: { method: AuthMethod.SSH, username: 'x' } },
      }),
  ],
];

it.each([...LISTS, ...ACTS])('a wrong %s is named in google.rpc.BadRequest', async (field, call) => {
  await expect(call(client)).rejects.toMatchObject({ reason: 'INVALID_ARGUMENT', violation: { field } });
});

it.each<[string, (client: Client) => Promise<unknown>]>([
  ['tokens', ({ tokens }) => tokens.revokeTokens({ selection: tokensById(Array(1000).fill('j')) })],
  ['sessions', ({ sessions }) => sessions.endSession({ selection: sessionsById(Array(1000).fill('s')) })],
])('a thousand ids of %s are looked up', async (_, call) => {
  await expect(call(client)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
});

it('a page size over the maximum is taken as the maximum (AIP-158)', async () => {
  for (const pageSize of [1001, 2 ** 31 - 1])
    expect((await client.tokens.listTokens({ pageSize })).totalSize).toBe(1);
});
