/** Program that revokes tokens on a disk that fills up, and prints what happened. See full-disk.test.ts. */
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Authority } from '../../../src/authority/authority.ts';
import { isAppError } from '../../../src/errors.ts';
import { Revocation } from '../../../src/revocation/revocation.ts';
import { openStore } from '../../../src/store/open.ts';
import { selectToken } from '../../../src/store/tables/tokens.ts';
import { testKeys } from '../server/authority.ts';
import { noDependents } from '../server/no-dependents.ts';
import { emptyDisk, fillDisk } from './fill-disk.ts';

const folder = process.argv[2] ?? '';
const keys = testKeys();

interface Opened extends AsyncDisposable {
  readonly authority: Authority;
  readonly revocation: Revocation;
  isKept(jti: string): Promise<boolean>;
}

async function open(reserveBytes: number): Promise<Opened> {
  await using owned = new AsyncDisposableStack();
  const store = owned.use(await openStore({ url: `sqlite:${join(folder, 'latchkey.db')}`, reserveBytes }));
  const authority = owned.use(
    await Authority.open({
      store,
      keys,
      serverId: 'node1',
      hostname: 'host1',
      settings: () => ({ lifetimeSeconds: 3600, lifetimes: {} }),
      now: Date.now,
    }),
  );
  const revocation = owned.use(
    await Revocation.open({
      ...noDependents(),
      authority,
      roles: { roleOf: () => 'user' },
      audit: { revoked: () => {} },
      settings: () => ({ onRevoke: 'keep', shutdownOnLogout: false }),
      log: { warn: () => {}, error: () => {} },
    }),
  );
  const opened = owned.move();
  return {
    authority,
    revocation,
    isKept: async (jti) => (await store.read((db) => selectToken(db, jti))) !== undefined,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function outcome(work: () => unknown): Promise<string> {
  try {
    await work();
    return 'done';
  } catch (error) {
    return isAppError(error) ? error.reason : String(error);
  }
}

/** Issues tokens until the log's present file is full; returns the tokens and the refusal. */
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

async function countRefused(authority: Authority, tokens: readonly string[]): Promise<number> {
  const outcomes = await Promise.all(tokens.map((token) => outcome(() => authority.verify(token))));
  return outcomes.filter((each) => each !== 'done').length;
}

async function onFullDisk(reserveBytes: number): Promise<object> {
  const opened = await open(reserveBytes);
  const { authority, revocation } = opened;
  const { token, claims } = await authority.mint({ login: 'alice', authMethod: 'link' });
  fillDisk(folder);
  const { tokens, refusal } = await exhaust(authority);
  const notAccepted = await countRefused(authority, tokens);
  const revoked = await outcome(() => revocation.revoke({ jtis: [claims.jti] }, 'revoked'));
  const local = await outcome(() => authority.mint({ login: 'root', authMethod: 'local' }));
  const verified = await outcome(() => authority.verify(token));
  const keptWhileFull = await opened.isKept(claims.jti);
  emptyDisk(folder);
  const deadline = Date.now() + 5000;
  while ((await opened.isKept(claims.jti)) && Date.now() < deadline) await setTimeout(20);
  const keptAfterwards = await opened.isKept(claims.jti);
  await opened[Symbol.asyncDispose]();

  await using again = await open(reserveBytes);
  const lost = await countRefused(again.authority, tokens);
  const verifiedAgain = await outcome(() => again.authority.verify(token));
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
