/** A real server with every caller of the table, and objects of alice's to call about. */

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { StartSessionRequest, StartSessionResponse } from '../../src/generated/latchkey/v1/session.ts';
import { bytesOf } from '../../src/values/raw-text.ts';
import { type Account, alice, bob, dora, mallory, root } from '../support/account.ts';
import { TestDaemon } from '../support/server/daemon.ts';
import { type Issue, Person } from '../support/server/person.ts';
import { TestSshd } from '../support/ssh/sshd.ts';
import type { CallerName } from './callers.ts';

/** Address in the world's own network. */
const SSHD_PORT = 2299;
const API_PORT = 2298;
/** Both ends of the cable to another host. */
const NEAR = '10.78.0.1';
const FAR = '10.78.0.2';
const EXPIRING = { tokens: { lifetimes: { link: '2s' } } };

/** A kind of caller: a login with its account, the local administrator, or a login from another host. */
type PersonName = LoginName | 'root' | 'remote';
type LoginName = 'user' | 'other user' | 'manager' | 'admin';
const ACCOUNTS: Readonly<Record<LoginName, Account>> = {
  user: alice,
  'other user': mallory,
  manager: bob,
  admin: dora,
};

/** A caller and its token. */
export interface Calling {
  readonly person: Person;
  readonly token: string | undefined;
}

export class CallerWorld implements AsyncDisposable {
  readonly daemon: TestDaemon;
  readonly #people: Readonly<Record<PersonName, Person>>;
  readonly #tokens: Record<LoginName, string>;
  readonly #expired: string;
  readonly #revoked: string;
  readonly #owned: AsyncDisposableStack;
  #linkDaemon: string | undefined;

  private constructor(
    daemon: TestDaemon,
    people: Readonly<Record<PersonName, Person>>,
    tokens: { logins: Record<LoginName, string>; expired: string; revoked: string },
    owned: AsyncDisposableStack,
  ) {
    this.daemon = daemon;
    this.#people = people;
    this.#tokens = tokens.logins;
    this.#expired = tokens.expired;
    this.#revoked = tokens.revoked;
    this.#owned = owned;
  }

  static async open(): Promise<CallerWorld> {
    await using owned = new AsyncDisposableStack();
    const sshd = owned.use(await TestSshd.start(SSHD_PORT));
    const config = {
      api: { listen: `0.0.0.0:${API_PORT}` },
      login: { ssh: sshd.settings },
      roles: { admin: { users: ['dora'] }, manager: { groups: ['latchkey-managers'] } },
    };
    const daemon = owned.use(await TestDaemon.start({ config: { ...config, ...EXPIRING } }));
    const person = async (account: Account): Promise<Person> => {
      const one = owned.use(await Person.start(account));
      await one.meet(daemon);
      return one;
    };
    const user = await person(alice);
    const people = {
      user,
      'other user': await person(mallory),
      manager: await person(bob),
      admin: await person(dora),
      root: await person(root),
      remote: owned.use(await remotePerson(alice)),
    };
    const expired = await expiredToken(user);
    await restartWithout(daemon, 'tokens');
    await meetAgain(daemon, people);
    const login = async (name: LoginName): Promise<string> => {
      const link = await daemon.link(ACCOUNTS[name], '--print-token');
      return (await link.printed(/^\S+(?=\n)/))[0];
    };
    const logins = {
      user: await login('user'),
      'other user': await login('other user'),
      manager: await login('manager'),
      admin: await login('admin'),
    };
    const revoked = given(await user.issue());
    await user.call('/latchkey.v1.AuthService/Logout', Buffer.alloc(0), revoked.token);
    return new CallerWorld(daemon, people, { logins, expired, revoked: revoked.token }, owned.move());
  }

  /** Returns a caller of the table. */
  async caller(name: CallerName): Promise<Calling> {
    const { user, root: administrator } = this.#people;
    switch (name) {
      case 'none':
        return { person: user, token: undefined };
      case 'expired':
        return { person: user, token: this.#expired };
      case 'revoked':
        return { person: user, token: this.#revoked };
      case 'link daemon':
        this.#linkDaemon ??= given(await user.issue({ daemon: true })).token;
        return { person: user, token: this.#linkDaemon };
      case 'local administrator':
        return { person: administrator, token: this.#localToken() };
      case 'the same token from another uid':
        return { person: user, token: this.#localToken() };
      case 'user from another host':
        return { person: this.#people.remote, token: this.#tokens.user };
      default:
        return { person: this.#people[name], token: this.#tokens[name] };
    }
  }

  /** Returns the same kind of caller with a new login, which a test may lose. */
  async callerToLogOut(name: CallerName): Promise<Calling> {
    const caller = await this.caller(name);
    if (name === 'link daemon') this.#linkDaemon = undefined;
    if (name === 'user from another host') return { ...caller, token: (await this.token()).token };
    if (!Object.hasOwn(ACCOUNTS, name)) return caller;
    return { ...caller, token: given(await caller.person.issue()).token };
  }

  /** Returns who registers a link for a caller: root cannot have a link, and RegisterLink ignores tokens. */
  registrant(person: Person): Person {
    return person === this.#people.root ? this.#people.user : person;
  }

  /** Restarts the server after the local administrator has logged out: a start writes a new token. */
  async restart(): Promise<void> {
    await this.daemon.end();
    await this.daemon.serve();
    await meetAgain(this.daemon, this.#people);
  }

  /** Returns a token of alice's, with a link, that no other test needs. */
  async token(): Promise<Issue & { token: string }> {
    return given(await this.#people.user.issue());
  }

  /** Starts a session of alice's that has printed a line and goes on. */
  async session(): Promise<string> {
    const command = ['sh', '-c', 'echo here; exec sleep 600'];
    const request = StartSessionRequest.encode(
      StartSessionRequest.fromPartial({ command: command.map(bytesOf) }),
    ).finish();
    const { person, token } = await this.caller('user');
    const answer = await person.call('/latchkey.v1.SessionService/StartSession', request, token);
    if (answer.response === undefined) throw new Error(`no session: ${answer.message}`);
    return StartSessionResponse.decode(answer.response).session?.id ?? '';
  }

  /** True when the server accepts a token. */
  async isActive(token: string): Promise<boolean> {
    const answer = await this.#people.user.call('/latchkey.v1.AuthService/WhoAmI', Buffer.alloc(0), token);
    return answer.code === 0;
  }

  #localToken(): string {
    return readFileSync(join(this.daemon.runFolder, 'token'), 'utf8').trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }
}

function given(issue: Issue): Issue & { token: string } {
  if (issue.code !== 0 || issue.token === undefined) throw new Error(`no token: ${issue.message}`);
  return { ...issue, token: issue.token };
}

async function expiredToken(person: Person): Promise<string> {
  const { token } = given(await person.issue());
  const { exp } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    exp: number;
  };
  await delay(exp * 1000 - Date.now() + 1);
  return token;
}

/** Alice's uid on another host: a process in a network of its own, one cable away. */
async function remotePerson(account: Account): Promise<Person> {
  const person = await Person.start(account, ['/usr/bin/unshare', '--net', '--']);
  const namespace = `${person.pid}`;
  const far = ['--target', namespace, '--net', '--', 'ip'];
  execFileSync('ip', ['link', 'add', 'near', 'type', 'veth', 'peer', 'name', 'far', 'netns', namespace]);
  execFileSync('ip', ['addr', 'add', `${NEAR}/24`, 'dev', 'near']);
  execFileSync('ip', ['link', 'set', 'near', 'up']);
  execFileSync('nsenter', [...far, 'addr', 'add', `${FAR}/24`, 'dev', 'far']);
  execFileSync('nsenter', [...far, 'link', 'set', 'far', 'up']);
  return person;
}

/** Connects the same people to the server after its restart. */
async function meetAgain(daemon: TestDaemon, people: Readonly<Record<PersonName, Person>>): Promise<void> {
  const { remote, ...local } = people;
  for (const person of Object.values(local)) await person.meet(daemon);
  await remote.meet(daemon, `${NEAR}:${API_PORT}`);
}

async function restartWithout(daemon: TestDaemon, setting: string): Promise<void> {
  await daemon.end();
  const { [setting]: _, ...rest } = parse(readFileSync(daemon.configFile, 'utf8')) as Record<string, unknown>;
  writeFileSync(daemon.configFile, stringify(rest));
  await daemon.serve();
}
