/** An authority on a real store in a folder of its own, with an adjustable clock and a disk that can fail. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog } from '../../../src/audit/audit-log.ts';
import { Authority, type AuthorityOptions } from '../../../src/authority/authority.ts';
import type { AuthorityKeys } from '../../../src/authority/keys/authority-keys.ts';
import { AppError } from '../../../src/errors.ts';
import type { Requester } from '../../../src/revocation/may-end.ts';
import { Revocation, type RevocationOptions } from '../../../src/revocation/revocation.ts';
import type { Sessions } from '../../../src/sessions/sessions.ts';
import { openStore, type Store } from '../../../src/store/open.ts';
import type { EndResult } from '../../../src/supervisor/lifecycle/end-result.ts';
import type { LinkInfo } from '../../../src/supervisor/link-info.ts';
import type { LinkObserver } from '../../../src/supervisor/observer.ts';
import { keySetOf, signingKey } from '../../../src/token/key.ts';
import { noDependents } from './no-dependents.ts';

/** Somebody who may end everything. */
export const ROOT: Requester = { claims: { jti: '', sub: 'root', authMethod: 'local' }, role: 'admin' };

/** A login by `latchkey link`. */
export const alice = { login: 'alice', linuxUser: 'alice', uid: 1000, authMethod: 'link' } as const;

export function testKeys(): AuthorityKeys {
  const signing = signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  return { signing, verification: keySetOf([signing]), master: randomBytes(32) };
}

/** Faults that a test injects into the store's commits. */
export interface Trouble {
  /** Commits fail, and nothing is written. */
  broken: boolean;
  /** Called between a commit and its answer. */
  afterCommit: () => void;
}

/** Opens a store with injected faults. */
function breakable(store: Store, trouble: Trouble): Store {
  const broken = (): AppError => new AppError('STORE_UNAVAILABLE', 'broken for a test');
  return {
    read: (work) => store.read(work),
    commit: async (work, options) => {
      const answer = await store.commit(async (tx) => {
        const value = await work(tx);
        if (trouble.broken) throw broken();
        return value;
      }, options);
      trouble.afterCommit();
      return answer;
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Resolves once `isTrue` returns true; only the test's own time limit ends the wait. */
export async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The links and sessions of tokens, as the test defines them. */
export interface Dependents {
  /** Ends a token's link and sessions, as a real link would. */
  end: (socket: string) => Promise<EndResult>;
  /** Sessions that run with any token. */
  sessions: Awaited<ReturnType<Sessions['dependentOn']>>;
  /** Sessions of any login that have not ended. */
  active: Awaited<ReturnType<Sessions['activeOf']>>;
  endSession: RevocationOptions['sessions']['end'];
  onRevoke: 'keep' | 'end';
  /** Observer of links, once the revocation has set it. */
  observer?: LinkObserver;
}

export class AuthorityWorld implements AsyncDisposable, Trouble {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-authority-'));
  /** The keys of the next opening. */
  keys = testKeys();
  readonly logged: string[] = [];
  /** Lines of the audit log. */
  readonly audited: object[] = [];
  nowMs = 1_790_000_000_000;
  broken = false;
  afterCommit = (): void => {};
  readonly dependents: Dependents = {
    end: async () => ({ hasEnded: true, processes: 0, survivors: [] }),
    sessions: [],
    active: [],
    endSession: async () => ({ hasEnded: true, processes: 0, survivors: [] }),
    onRevoke: 'keep',
  };
  #opened: { authority: Authority; revocation: Revocation; store: Store } | undefined;

  /** Opens the authority; after a first time, on the state that survives a restart. */
  async open(settings: Partial<ReturnType<AuthorityOptions['settings']>> = {}): Promise<Authority> {
    await this.close();
    const url = `sqlite:${join(this.folder, 'latchkey.db')}`;
    const store = breakable(await openStore({ url, reserveBytes: 0 }), this);
    const authority = await Authority.open({
      store,
      keys: this.keys,
      serverId: 'node1',
      hostname: 'host1',
      settings: () => ({ lifetimeSeconds: 3600, lifetimes: {}, ...settings }),
      now: () => this.nowMs,
    });
    const revocation = await this.openRevocation(authority);
    this.#opened = { authority, revocation, store };
    return authority;
  }

  /** Opens the revocation; `more` replaces what it is told about links. */
  openRevocation(authority: Authority, more: Partial<RevocationOptions['links']> = {}): Promise<Revocation> {
    const options = this.#dependentsOptions();
    return Revocation.open({ ...options, authority, links: { ...options.links, ...more } });
  }

  /** Gives each token with a socket a link, and ends links and sessions as the test says. */
  #dependentsOptions(): Omit<RevocationOptions, 'authority'> {
    const { dependents } = this;
    const { links, sessions, accounts } = noDependents();
    const observe = (observer: LinkObserver): void => {
      dependents.observer = observer;
    };
    const find = (socket: string) => (socket === '' ? undefined : ({ socket, daemon: false } as LinkInfo));
    return {
      accounts,
      links: { ...links, find, prepareEnd: (socket) => () => dependents.end(socket), observe },
      sessions: {
        ...sessions,
        dependentOn: async () => dependents.sessions,
        activeOf: async () => dependents.active,
        end: (session, graceMs) => dependents.endSession(session, graceMs),
      },
      roles: { roleOf: () => 'user' },
      audit: new AuditLog({ log: { info: (line) => void this.audited.push(line) } }),
      settings: () => ({ onRevoke: dependents.onRevoke, shutdownOnLogout: false }),
      log: { warn: () => {}, error: (_, message) => void this.logged.push(message) },
    };
  }

  /** The revocation that belongs to the open authority. */
  get revocation(): Revocation {
    return this.#current.revocation;
  }

  /** The store of the open authority. */
  get store(): Store {
    return this.#current.store;
  }

  get #current(): { authority: Authority; revocation: Revocation; store: Store } {
    if (this.#opened === undefined) throw new Error('nothing is open');
    return this.#opened;
  }

  /** Returns the reason for which the authority refuses a token; 'accepted' when it does not. */
  async reasonOf(token: string): Promise<string> {
    try {
      await this.#current.authority.verify(token);
      return 'accepted';
    } catch (error) {
      if (error instanceof AppError) return error.reason;
      throw error;
    }
  }

  /** Stops as a killed process does: what is not on the disk by now never will be. */
  async crash(): Promise<void> {
    await this.#opened?.store[Symbol.asyncDispose]();
    await this.close();
  }

  async close(): Promise<void> {
    await this.#opened?.revocation[Symbol.asyncDispose]();
    this.#opened?.authority[Symbol.dispose]();
    await this.#opened?.store[Symbol.asyncDispose]();
    this.#opened = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    rmSync(this.folder, { recursive: true });
  }
}
