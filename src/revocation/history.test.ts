import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AuthorityWorld } from '../../test/support/server/authority.ts';
import type { Authority, Minted } from '../authority/authority.ts';
import { AppError } from '../errors.ts';

type Step =
  | { readonly do: 'mint' | 'mint child' | 'revoke' | 'renew'; readonly of: number; readonly turns: number }
  | { readonly do: 'revoke login'; readonly of: number; readonly turns: number }
  | { readonly do: 'break' | 'mend'; readonly turns: number };

const turns = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('mint', 'mint child', 'revoke', 'renew'),
      of: fc.nat(9),
      turns,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('revoke login' as const), of: fc.nat(1), turns }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('break' as const, 'mend' as const), turns }) },
);

/** The observed history of one issued token. */
interface History {
  readonly minted: Minted;
  refusedOnce: boolean;
  /** A revocation that covers it was requested; only then may it be refused. */
  revocable: boolean;
  /** Such a revocation has succeeded. */
  acknowledged: boolean;
}

class Histories {
  readonly #world: AuthorityWorld;
  readonly #loginsRevoking: string[] = [];
  readonly all: History[] = [];
  authority: Authority;

  constructor(world: AuthorityWorld, authority: Authority) {
    this.#world = world;
    this.authority = authority;
  }

  /** Checks every token: none is accepted after it was refused, and none is refused without a revocation. */
  async check(): Promise<void> {
    for (const history of this.all) {
      const { refusedOnce, acknowledged } = history; // before the token is verified
      const accepted = await this.#isAccepted(history.minted.token);
      if (accepted && refusedOnce) throw new Error('a refused token was accepted again');
      if (accepted && acknowledged) throw new Error('a token was accepted after its revocation');
      if (!accepted && !history.revocable) throw new Error('a token was refused that nobody revoked');
      history.refusedOnce ||= !accepted;
    }
  }

  /** A crash may undo only a revocation that has not been acknowledged. */
  afterCrash(authority: Authority): void {
    this.authority = authority;
    for (const history of this.all) history.refusedOnce = history.acknowledged;
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const one of steps) {
      for (let turn = 0; turn < one.turns; turn++) await (turn % 2 ? new Promise(setImmediate) : undefined);
      try {
        await this.#run(one);
      } catch (error) {
        const expected = ['STORE_UNAVAILABLE', 'TOKEN_NOT_ACTIVE'];
        if (!(error instanceof AppError && expected.includes(error.reason))) throw error;
      }
      await this.check();
    }
  }

  async #run(one: Step): Promise<void> {
    const login = 'of' in one && one.of % 2 ? 'alice' : 'bob';
    const target = 'of' in one ? this.all[one.of % Math.max(this.all.length, 1)] : undefined;
    if (one.do === 'break' || one.do === 'mend') this.#world.broken = one.do === 'break';
    else if (one.do === 'mint') this.#addIssued(await this.authority.mint({ login, authMethod: 'link' }));
    else if (one.do === 'revoke login') await this.#revokeLogin(login);
    else if (target === undefined) return;
    else if (one.do === 'renew') await this.authority.renew(target.minted.claims.jti);
    else if (one.do === 'revoke')
      await this.#revoke({ jtis: [target.minted.claims.jti] }, (each) => each === target);
    else {
      const parent = target.minted.claims.jti;
      this.#addIssued(await this.authority.mint({ login, authMethod: 'link', parent }));
    }
  }

  /** A token may be issued while its login or its parent is being revoked, but not afterwards. */
  #addIssued(minted: Minted): void {
    const { parent, sub } = minted.claims;
    const from = this.all.find((history) => history.minted.claims.jti === parent);
    const revocable = from?.revocable === true || this.#loginsRevoking.includes(sub);
    this.all.push({ minted, refusedOnce: false, revocable, acknowledged: from?.acknowledged ?? false });
  }

  async #revokeLogin(login: string): Promise<void> {
    this.#loginsRevoking.push(login);
    try {
      await this.#revoke({ login }, (history) => history.minted.claims.sub === login);
    } finally {
      this.#loginsRevoking.splice(this.#loginsRevoking.indexOf(login), 1);
    }
  }

  async #revoke(
    target: { jtis: string[] } | { login: string },
    isCovered: (history: History) => boolean,
  ): Promise<void> {
    const covered = new Set(this.all.filter(isCovered));
    for (const history of covered) this.#markWithChildren(history, (each) => (each.revocable = true));
    await this.#world.revocation.revoke(target, 'revoked');
    for (const history of covered) this.#markWithChildren(history, (each) => (each.acknowledged = true));
  }

  #markWithChildren(history: History, mark: (each: History) => void): void {
    mark(history);
    const { jti } = history.minted.claims;
    for (const child of this.all) if (child.minted.claims.parent === jti) this.#markWithChildren(child, mark);
  }

  async #isAccepted(token: string): Promise<boolean> {
    try {
      await this.authority.verify(token);
      return true;
    } catch (error) {
      if (error instanceof AppError && error.reason === 'TOKEN_NOT_ACTIVE') return false;
      throw error;
    }
  }
}

test('a token goes from absent to valid to revoked and never back, whatever happens concurrently', async () => {
  const clients = fc.array(fc.array(step, { maxLength: 12 }), { minLength: 2, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(clients, async (programs) => {
      await using world = new AuthorityWorld();
      const histories = new Histories(world, await world.open());
      await Promise.all(programs.map((program) => histories.run(program)));
      await world.crash();
      world.broken = false;
      histories.afterCrash(await world.open());
      await histories.check();
      // A token refused while it was issued is not returned; its row is deleted if the store can write.
      if (programs.flat().some((each) => each.do === 'break')) return;
      const { items } = await histories.authority.list({ pageSize: 1000 });
      const given = new Set(histories.all.map(({ minted }) => minted.claims.jti));
      expect(items.filter(({ jti }) => !given.has(jti))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
