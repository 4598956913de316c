import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AuthorityWorld } from '../../test/support/server/authority.ts';
import type { Authority } from '../authority/authority.ts';
import { AdminToken, type AdminTokenDeps } from './admin-token.ts';

let world: AuthorityWorld;
let authority: Authority;
let runFolder: string;
let file: string;
beforeEach(async () => {
  world = new AuthorityWorld();
  authority = await world.open({ lifetimes: { local: 3600 } });
  runFolder = mkdtempSync(join(tmpdir(), 'latchkey-run-'));
  file = join(runFolder, 'token');
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  rmSync(runFolder, { recursive: true });
});

const kept = (): string => readFileSync(file, 'utf8').trim();

/** Resolves with the ids of all live tokens of the local administrator. */
async function live(): Promise<string[]> {
  return (await authority.list({ authMethod: 'local', pageSize: 10 })).items.map(({ jti }) => jti);
}

function open(mint: AdminTokenDeps['authority']['mint'] = (request) => authority.mint(request)) {
  const { changes } = authority;
  const list: Authority['list'] = (query) => authority.list(query);
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  return AdminToken.open({
    authority: { changes, list, mint },
    revocation: world.revocation,
    runFolder,
    log,
  });
}

describe("the local administrator's token", () => {
  it('is kept where only its owner can read it, and is the only one', async () => {
    const earlier = await authority.mint({ login: 'root', authMethod: 'local' });
    await using _ = await open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await authority.verify(kept())).toMatchObject({ sub: userInfo().username });
    expect(await live()).toHaveLength(1);
    expect(await world.reasonOf(earlier.token)).toBe('TOKEN_NOT_ACTIVE');
  });

  it('is replaced when half of its life is over, and revoked then', async () => {
    authority = await world.open({ lifetimes: { local: 1 } });
    await using _ = await open();
    const before = kept();
    await expect.poll(kept).not.toBe(before);
    await expect.poll(() => world.reasonOf(before)).toBe('TOKEN_NOT_ACTIVE');
    expect(await world.reasonOf(kept())).toBe('accepted');
  });

  it('is replaced at once when it is revoked', async () => {
    await using _ = await open();
    const before = kept();
    await world.revocation.revoke({ jtis: await live() }, 'revoked');
    await expect.poll(kept).not.toBe(before);
    expect(await world.reasonOf(kept())).toBe('accepted');
  });

  it('is revoked and removed when the server stops, also while it is being replaced', async () => {
    const { promise: mayMint, resolve: letMint } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
    let isFirst = true;
    const admin = await open(async (request) => {
      if (!isFirst) {
        ask();
        await mayMint;
      }
      isFirst = false;
      return authority.mint(request);
    });
    const first = kept();
    await world.revocation.revoke({ jtis: await live() }, 'revoked');
    await asked;
    const stopped = admin[Symbol.asyncDispose]();
    letMint();
    await stopped;
    await setImmediate();
    expect(existsSync(file)).toBe(false);
    expect(await live()).toEqual([]);
    expect(await world.reasonOf(first)).toBe('TOKEN_NOT_ACTIVE');
  });
});
