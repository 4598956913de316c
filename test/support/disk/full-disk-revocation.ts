/** An authority on a disk that gets full, as a program: prints what happened. See full-disk.test.ts. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Authority } from '../../../src/authority/authority.ts';
import { isAppError } from '../../../src/errors.ts';
import { openStore } from '../../../src/store/open.ts';
import { selectToken } from '../../../src/store/tables/tokens.ts';
import { testKeys } from '../server/authority.ts';
import { emptyDisk, fillDisk } from './fill-disk.ts';

const folder = process.argv[2] ?? '';
const keys = testKeys();

async function open(reserveBytes: number): Promise<Authority & { isKept(jti: string): Promise<boolean> }> {
  const store = await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes });
  const authority = await Authority.open({
    store,
    keys,
    serverId: 'node1',
    hostname: 'host1',
    settings: () => ({ lifetimeSeconds: 3600, lifetimes: {} }),
    now: Date.now,
    log: { error: () => {} },
  });
  const stop = authority[Symbol.asyncDispose].bind(authority);
  return Object.assign(authority, {
    isKept: async (jti: string) => (await store.read((db) => selectToken(db, jti))) !== undefined,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await store[Symbol.asyncDispose]();
    },
  });
}

async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    return isAppError(error) ? error.reason : String(error);
  }
}

/** Issues until the log has no room left in the file it has; answers the tokens and the refusal. */
async function exhaust(authority: Authority): Promise<{ tokens: string[]; refusal: string }> {
  const tokens: string[] = [];
  let refusal = 'done';
  for (let index = 0; refusal === 'done'; index++) {
    refusal = await outcome(async () => {
      tokens.push((await authority.mint({ login: `user${index % 50}`, authMethod: 'link' })).token);
    });
  }
  return { tokens, refusal };
}

async function onFullDisk(reserveBytes: number): Promise<object> {
  const authority = await open(reserveBytes);
  const { token, claims } = await authority.mint({ login: 'alice', authMethod: 'link' });
  fillDisk(folder);
  const { tokens, refusal } = await exhaust(authority);
  const notAccepted = tokens.filter((each) => !authority.verify(each)).length;
  const revoked = await outcome(() => authority.revoke({ jtis: [claims.jti] }, 'revoked'));
  const local = await outcome(() => authority.mint({ login: 'root', authMethod: 'local' }));
  const verified = await outcome(() => authority.verify(token));
  const keptWhileFull = await authority.isKept(claims.jti);
  emptyDisk(folder);
  const deadline = Date.now() + 5000;
  while ((await authority.isKept(claims.jti)) && Date.now() < deadline) await setTimeout(20);
  const keptAfterwards = await authority.isKept(claims.jti);
  await authority[Symbol.asyncDispose]();

  await using again = await open(reserveBytes);
  const lost = tokens.filter((each) => !again.verify(each)).length;
  const verifiedAgain = await outcome(() => again.verify(token));
  return {
    refusal,
    notAccepted,
    revoked,
    local,
    verified,
    keptWhileFull,
    keptAfterwards,
    lost,
    verifiedAgain,
  };
}

const withReserve = await onFullDisk(4 * 1024 * 1024);
const withoutReserve = await onFullDisk(0);
process.stdout.write(JSON.stringify({ withReserve, withoutReserve }));
