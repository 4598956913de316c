import { getEventListeners, once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { needs } from '../../../test/support/needs.ts';
import { SERVER_ID, ServedApi } from '../../../test/support/server/served-api.ts';
import { TokenCollector } from '../../../test/support/server/token-collector.ts';
import { loadPki } from '../../authority/keys/pki.ts';
import { writeAdminToken, writeServerFile } from '../../config/paths/run-files.ts';
import { Timestamp } from '../../generated/google/protobuf/timestamp.ts';
import { Token } from '../../generated/latchkey/v1/token.ts';
import { readDefaultServer } from '../find/default-server.ts';
import { connect } from './connect.ts';

const refused = (reason: string) => expect.objectContaining({ reason });

let api: ServedApi;
let elsewhere: string;
/** Events that the server itself subscribes to. */
let itsOwn: number;
beforeAll(async () => {
  api = await ServedApi.start();
  itsOwn = api.authority.changes.size;
  elsewhere = mkdtempSync(join(tmpdir(), 'latchkey-elsewhere-'));
});
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(elsewhere, { recursive: true });
});

const pkiOf = (serverId: string, folder: string) =>
  loadPki({ folder, serverId, names: ['localhost'], addresses: ['127.0.0.1'], nowMs: Date.now() });

async function takeOne(responses: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of responses) return;
}

/** Makes a run folder as the server writes it. */
function runFolder(): string {
  const run = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
  const { address, pki, authority } = api;
  const file = { serverId: SERVER_ID, hostname: 'here', address, ca: pki.caPem, keys: authority.jwks() };
  writeServerFile(run, { ...file, version: '0', mode: 'self', pid: process.pid });
  return run;
}

describe('connecting', () => {
  it('makes typed calls, with partial requests', async () => {
    await using client = await api.client('alice');
    expect(client.address).toBe(api.address);
    expect((await client.tokens.listTokens({ filter: { login: 'alice' } })).totalSize).toBe(1);
  });

  it('does not trust a server whose CA is not the pinned one (N4)', async () => {
    await pkiOf('other', elsewhere);
    await using client = await api.client('alice', { ca: join(elsewhere, 'ca.pem') });
    const error = await client.auth.whoAmI({}).catch((caught: unknown) => caught);
    expect(error).toEqual(refused('NOT_TRUSTED'));
    expect(String(error)).toContain(api.address);
    expect(String(error)).not.toContain('Resolution note');
  });

  it('sends a token to the server that issued it, and to no other', async () => {
    const token = await api.token('alice');
    /** Makes a call with the token at a server of this id; resolves with the error, and what was sent. */
    const callAt = async (serverId: string) => {
      await using collector = await TokenCollector.start(serverId);
      const ca = join(elsewhere, `${serverId}.pem`);
      writeFileSync(ca, collector.ca);
      await using client = await connect({ server: collector.address, ca, token, env: { HOME: elsewhere } });
      const error = await client.auth.whoAmI({}).catch((caught: unknown) => caught);
      return { error, received: collector.received };
    };
    const other = await callAt('other-server');
    expect(other).toEqual({ error: refused('NOT_TRUSTED'), received: [] });
    expect(String(other.error)).toContain('which issued the token; nothing was sent to it');
    expect((await callAt(SERVER_ID)).received).toEqual([`Bearer ${token}`]);
  });

  it('gives up a server that accepts connections and never answers, and says before that it waits', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const lines: string[] = [];
    const patience = { noticeMs: 50, giveUpMs: 400, onSlow: (line: string) => lines.push(line) };
    await using client = await api.client(undefined, { server: `127.0.0.1:${port}`, patience });
    const calls = [client.auth.getKeys({}), client.tokens.watchTokens({})[Symbol.asyncIterator]().next()];
    for (const outcome of await Promise.allSettled(calls))
      expect(outcome).toEqual({ status: 'rejected', reason: refused('UNREACHABLE') });
    expect(lines).toEqual([`the server at 127.0.0.1:${port} does not answer yet; waiting`]);
    silent.close();
    for (const socket of sockets) socket.destroy();
  });

  it("takes the local administrator's new token when a restarted server has replaced it", async () => {
    const { authority } = api;
    const run = runFolder();
    const replaced = await authority.mint({ login: 'ada', authMethod: 'local' });
    writeAdminToken(run, replaced.token);
    await using client = await connect({ run, localAdmin: true, env: {} });
    authority.refuse([replaced.claims.jti]);
    await authority.delete([replaced.claims.jti]);
    const asked = client.auth.whoAmI({});
    await delay(200);
    writeAdminToken(run, await api.token('ada', { authMethod: 'local' }));
    expect((await asked).token?.login).toBe('ada');
    rmSync(run, { recursive: true });
  });

  it('sends no password to a server for which only another user vouches', needs('root'), async () => {
    const { address, pki } = api;
    const run = runFolder();
    for (const path of [run, ...readdirSync(run).map((name) => join(run, name))])
      chownSync(path, 65_534, 65_534);
    const options = { run, anonymous: true, env: { HOME: elsewhere } };
    await expect(connect({ ...options, sendsPassword: true })).rejects.toEqual(refused('NOT_TRUSTED'));
    await using client = await connect(options);
    expect(client.address).toBe(address);
    const ca = join(elsewhere, 'named.pem');
    writeFileSync(ca, pki.caPem);
    await using named = await connect({ ...options, sendsPassword: true, ca });
    expect(named.address).toBe(address);
    rmSync(run, { recursive: true });
  });

  it.each([8_640_000_000_001, -8_640_000_000_001])(
    'takes an answer for malformed that has a time out of range: %d s',
    async (seconds) => {
      const { encode } = Timestamp;
      vi.spyOn(Timestamp, 'encode').mockImplementation((_, writer) => encode({ seconds, nanos: 0 }, writer));
      await using client = await api.client('alice');
      const answers = [client.prepareLogin(), client.auth.whoAmI({}), takeOne(client.tokens.watchTokens({}))];
      for (const outcome of await Promise.allSettled(answers)) {
        expect(outcome).toEqual({ status: 'rejected', reason: refused('UNAVAILABLE') });
        expect(outcome).toHaveProperty(
          'reason.message',
          expect.stringMatching(/a time in it is out of range/),
        );
      }
    },
  );

  it('names the next step when no server answers', async () => {
    const gone = await ServedApi.start();
    const client = await gone.client('alice');
    await gone[Symbol.asyncDispose]();
    const error = await client.auth.whoAmI({}).catch((caught: unknown) => caught);
    expect(error).toEqual(refused('UNREACHABLE'));
    expect(String(error)).toContain('no server answers at');
    await client.close();
  });

  it('ends a call when it is cancelled, and at its deadline', async () => {
    await using client = await api.client('abby');
    const control = new AbortController();
    const watch = client.tokens.watchTokens({}, { signal: control.signal })[Symbol.asyncIterator]();
    await watch.next();
    await watch.next();
    const pending = watch.next();
    control.abort();
    await expect(pending).rejects.toEqual(refused('CANCELLED'));
    const late = async (): Promise<void> => {
      for await (const _ of client.tokens.watchTokens({}, { timeoutMs: 200 }));
    };
    await expect(late()).rejects.toEqual(refused('DEADLINE_EXCEEDED'));
  });

  it('ends a watch on the server when it is abandoned', async () => {
    await using client = await api.client('alice');
    for await (const _ of client.tokens.watchTokens({})) break;
    await client.auth.whoAmI({});
    await expect.poll(() => api.authority.changes.size).toBe(itsOwn);
  });

  it('keeps nothing on its signal of calls that have ended', async () => {
    await using client = await api.client('alice');
    const { signal } = new AbortController();
    await client.auth.whoAmI({}, { signal });
    for await (const _ of client.tokens.watchTokens({}, { signal })) break;
    const conversation = client.sessions.attachSession({ signal });
    conversation.end();
    await expect(takeOne(conversation.responses)).rejects.toEqual(refused('INVALID_ARGUMENT'));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('the token of a login', () => {
  it.each([
    ['makes a server that was named the default', true],
    ['leaves the default as it is where no server was named', false],
  ])('%s', async (_, isNamed) => {
    const home = mkdtempSync(join(tmpdir(), 'latchkey-home-'));
    const run = runFolder();
    const env = { HOME: home };
    const ca = join(api.folder, 'pki', 'ca.pem');
    const wanted = isNamed ? { server: api.address, ca } : { run };
    await using client = await connect({ ...wanted, anonymous: true, env });
    const { token, claims } = await api.authority.mint({ login: 'eve', authMethod: 'ssh' });
    await client.storeToken({ token, claims: { ...Token.create(), login: 'eve', jti: claims.jti } });
    expect(readDefaultServer(env)).toBe(isNamed ? api.address : undefined);
    for (const folder of [home, run]) rmSync(folder, { recursive: true });
  });
});
