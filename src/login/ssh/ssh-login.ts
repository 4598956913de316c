/**
 * The method ssh (F12, F13; web-ssh in the claim): a person is authenticated by the local sshd, with the
 * password and anything else that it asks. Over the same connection Latchkey's program runs, which
 * proves that the account can run it, and starts a link daemon when there is none. A refusal reveals nothing
 * about an account: for one that does not exist, may not have a link, or of which sshd takes no password,
 * sshd is still asked, with a name that no account has.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { canonicalUserFor, type UserEntry } from '../../accounts/user-database.ts';
import type { Config } from '../../config/config.ts';
import { isAppError } from '../../errors.ts';
import type { Answers, Attempt, Challenge, LoginMethod, LoginOrigin, Prompt } from '../method.ts';
import type { Identity, Outcome } from '../outcome.ts';
import type { Credentials } from './connection/authentication.ts';
import {
  SSH_DEADLINES,
  SshConnection,
  type SshDeadlines,
  type SshOptions,
} from './connection/ssh-connection.ts';
import { Dropped, Ended, refused, TakesNoAnswer } from './ended.ts';
import { readHostKeys } from './host-keys.ts';
import type { LinkDaemons } from './link-daemons.ts';
import { localAddressFor } from './local-address.ts';
import { LoginSlots, SLOT_LIMITS } from './login-slots.ts';
import { asNobody } from './nobody.ts';
import { PersonBridge } from './person.ts';

export interface SshLoginOptions {
  /** Returns the current settings of logins, which a reload replaces. */
  readonly settings: () => Config['login'];
  readonly eligible: () => EligibleSettings;
  readonly linkDaemons: Pick<LinkDaemons, 'ensure'>;
  readonly deadlines?: Partial<SshDeadlines>;
  /** Time without news after which the person is told that sshd is waited for, in milliseconds. */
  readonly patienceMs?: number;
}

const METHOD = 'ssh';
const PASSWORD: Prompt = { text: 'Password: ', echo: false };
/**
 * Logins that wait for a PAM module do not keep others out. sshd drops some of the connections beyond its
 * first ten; those are tried again.
 */
const SLOW_LIMITS = { total: 40, perSource: 12, queueMs: 0, maxQueued: 0 };
const FIRST_PAUSE_MS = 250;
const PATIENCE_MS = 5_000;
const WAITING =
  'The host has not answered yet; waiting. If it asks for a confirmation on another device, confirm it there.';

export class SshLogin implements LoginMethod {
  readonly name = METHOD;
  readonly startsLinks = true;
  readonly description = 'User name and password of this host, checked by its own SSH server.';
  readonly #options: SshLoginOptions;
  readonly #slots = new LoginSlots(SLOT_LIMITS);
  readonly #slowSlots = new LoginSlots(SLOW_LIMITS);

  constructor(options: SshLoginOptions) {
    this.#options = options;
  }

  isUsable(): boolean {
    const { methods, ssh } = this.#options.settings();
    return methods.includes('ssh') && readHostKeys(ssh.hostKeys).length > 0;
  }

  sshFrom({ source }: LoginOrigin): string | undefined {
    return localAddressFor(source, this.#options.settings().ssh.host);
  }

  async canonicalNameOf(username: string): Promise<string> {
    return (await canonicalUserFor(username))?.name ?? username;
  }

  async *attempt(attempt: Attempt): AsyncGenerator<Challenge, Outcome, Answers> {
    try {
      return { kind: 'proven', identity: yield* this.#converse(attempt) };
    } catch (error) {
      if (error instanceof Ended) return error.outcome;
      throw error;
    }
  }

  /**
   * Asks for the password before connecting to sshd, so that no connection is held while a person types.
   * Throws Ended unless the person has proven an identity.
   */
  async *#converse({ username, origin, signal }: Attempt): AsyncGenerator<Challenge, Identity, Answers> {
    const [password = ''] = yield { kind: 'prompts', name: '', instruction: '', prompts: [PASSWORD] };
    if (password === '') throw refused('empty password');
    const { user, why } = await this.#accountOf(username);
    if (this.#slots.isBusy(origin.source))
      yield { kind: 'notice', text: 'Other people are logging in; waiting for a free slot.' };
    const bridge = new PersonBridge();
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    using slot = new DisposableStack();
    const ordinary = slot.use(await this.#slots.take(origin.source, signal));
    const makeRoom = async (): Promise<void> => {
      if (slot.disposed || this.#slowSlots.isBusy(origin.source)) return;
      using slow = new DisposableStack();
      slow.use(await this.#slowSlots.take(origin.source, signal));
      if (slot.disposed) return;
      slot.use(slow.move());
      ordinary[Symbol.dispose]();
    };
    const credentials = { username: user?.name ?? username, password, person: bridge };
    const work = this.#logIn({ credentials, user, why, source: origin.source, signal: either, slot });
    try {
      return yield* showingWhile(work, bridge, makeRoom, this.#options.patienceMs);
    } finally {
      ended.abort(new Error('the attempt is over'));
    }
  }

  /** Returns the account of `username`, or why it may not log in here, for the log. Throws UNAVAILABLE. */
  async #accountOf(username: string): Promise<Pick<LogIn, 'user' | 'why'>> {
    const user = await canonicalUserFor(username);
    if (user === undefined) return { user, why: 'no account has this name' };
    try {
      checkEligible(user, this.#options.eligible());
      return { user };
    } catch (error) {
      if (isAppError(error, 'NOT_ELIGIBLE')) return { user: undefined, why: error.message };
      throw error;
    }
  }

  /** Logs in to sshd, and leaves a link daemon behind. The slot is free again once sshd has decided. */
  async #logIn(login: LogIn): Promise<Identity> {
    const { user, why, slot } = login;
    try {
      using connection = await (user === undefined ? this.#connectAsNobody(login) : this.#connectAs(login));
      slot[Symbol.dispose]();
      if (user === undefined) throw refused('sshd accepted a name that no account has');
      await this.#options.linkDaemons.ensure(user, connection);
      return { login: user.name, linuxUser: user.name, uid: user.uid, authMethod: METHOD };
    } catch (error) {
      throw why !== undefined && isRefusal(error) ? refused(why) : error;
    } finally {
      slot[Symbol.dispose]();
    }
  }

  /** Connects as the account. Where sshd takes no answer of it, asks as for any other name, then throws. */
  async #connectAs(login: LogIn): Promise<SshConnection> {
    try {
      return await this.#connect(login, login.credentials);
    } catch (error) {
      if (!(error instanceof TakesNoAnswer)) throw error;
      const refuse = (end: unknown): never => {
        throw isRefusal(end) ? error : end;
      };
      using _ = await this.#connectAsNobody(login).catch(refuse);
      throw error;
    }
  }

  #connectAsNobody(login: LogIn): Promise<SshConnection> {
    return this.#connect(login, asNobody(login.credentials));
  }

  /** Opens a connection; tries again for some seconds while sshd accepts none. */
  async #connect(
    { credentials: { person }, source, signal }: LogIn,
    credentials: Credentials,
  ): Promise<SshConnection> {
    const { deadlines, settings } = this.#options;
    const { host, port, hostKeys } = settings().ssh;
    const options: Omit<SshOptions, 'hostKeys'> = {
      host,
      port,
      localAddress: localAddressFor(source, host),
      ...credentials,
      signal,
      deadlines: { ...SSH_DEADLINES, ...deadlines },
    };
    const beganMs = performance.now();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      try {
        return await SshConnection.open({ ...options, hostKeys: readHostKeys(hostKeys) });
      } catch (error) {
        const spentMs = performance.now() - beganMs;
        if (!(error instanceof Dropped) || spentMs + pauseMs > error.retryMs) throw error;
        if (pauseMs === FIRST_PAUSE_MS) person.tell(error.notice);
        person.knowsWhy = true;
        await delay(pauseMs, undefined, { signal });
        person.knowsWhy = false;
      }
    }
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Ended && error.outcome.kind === 'refused';
}

interface LogIn {
  readonly credentials: Credentials & { readonly person: PersonBridge };
  /** The account; undefined when sshd is asked only so that a refusal takes as long as any other. */
  readonly user: UserEntry | undefined;
  /** Reason why nobody may log in by that name, when there is no account. */
  readonly why?: string | undefined;
  readonly source: string;
  readonly signal: AbortSignal;
  readonly slot: Disposable;
}

/**
 * Yields what `bridge` brings until `work` is done. When nothing happens for `patienceMs`, yields a notice
 * and calls `onSlow`. Returns the result of `work`.
 */
async function* showingWhile<Result>(
  work: Promise<Result>,
  bridge: PersonBridge,
  onSlow: () => Promise<void>,
  patienceMs = PATIENCE_MS,
): AsyncGenerator<Challenge, Result, Answers> {
  let isDone = false;
  let isTold = false;
  const finish = (): void => {
    isDone = true;
  };
  const done = work.then(finish, finish);
  const tell = (): void => {
    if (isTold || bridge.knowsWhy) return;
    isTold = true;
    bridge.tell(WAITING);
    onSlow().catch(() => {}); // the attempt has ended
  };
  for (;;) {
    const patience = setInterval(tell, patienceMs);
    await Promise.race([done, bridge.arrived()]).finally(() => clearInterval(patience));
    const next = bridge.take();
    if (next === undefined) return work;
    if (isDone && next.challenge.kind === 'prompts') continue; // sshd no longer waits for the answer
    next.answer(yield next.challenge);
  }
}
