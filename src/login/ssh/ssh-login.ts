/**
 * The method web-ssh (F12, F13): a person is authenticated by the local sshd, with the password and
 * anything else that it asks. Over the same connection Latchkey's program runs once, which proves that
 * the account can run it, and starts a link daemon when there is none. A refusal reveals nothing about an
 * account: for one that does not exist or may not have a link, sshd is still asked, with a name that no
 * account has.
 */
import { randomBytes } from 'node:crypto';
import { checkEligible, type EligibleSettings } from '../../accounts/eligible.ts';
import { canonicalUserFor, type UserEntry } from '../../accounts/user-database.ts';
import { isAppError } from '../../errors.ts';
import type { Answers, Attempt, Challenge, LoginMethod, Prompt } from '../method.ts';
import type { Identity, Outcome } from '../outcome.ts';
import { Ended, refused } from './ended.ts';
import { readHostKeys } from './host-keys.ts';
import type { LinkDaemons } from './link-daemons.ts';
import { localAddressFor } from './local-address.ts';
import { LoginSlots } from './login-slots.ts';
import { PromptBridge } from './prompt-bridge.ts';
import { SSH_DEADLINES, SshConnection, type SshDeadlines } from './ssh-connection.ts';

export interface SshLoginOptions {
  readonly host: string;
  readonly port: number;
  /** Glob pattern of sshd's public host key files. */
  readonly hostKeys: string;
  readonly eligible: () => EligibleSettings;
  readonly linkDaemons: Pick<LinkDaemons, 'ensure'>;
  readonly deadlines?: Partial<SshDeadlines>;
}

const METHOD = 'web-ssh';
const PASSWORD: Prompt = { text: 'Password: ', echo: false };
/** Fewer than sshd's default MaxStartups of 10 (sshd_config(5)); one source cannot take them all. */
const SLOT_LIMITS = { total: 9, perSource: 3, queueMs: 10_000, maxQueued: 90 };

export class SshLogin implements LoginMethod {
  readonly name = METHOD;
  readonly description = 'User name and password of this host, checked by its own SSH server.';
  readonly #options: SshLoginOptions;
  readonly #slots = new LoginSlots(SLOT_LIMITS);

  constructor(options: SshLoginOptions) {
    this.#options = options;
  }

  isUsable(): boolean {
    return readHostKeys(this.#options.hostKeys).length > 0;
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
    const user = await this.#userOf(username);
    if (this.#slots.isBusy(origin.source)) {
      yield { kind: 'notice', text: 'Other people are logging in; waiting for a free slot.' };
    }
    const bridge = new PromptBridge();
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const slot = await this.#slots.take(origin.source, either);
    const opened = this.#open(user?.name ?? unknownName(), password, origin.source, bridge, either);
    try {
      for (;;) {
        const next = await Promise.race([opened, bridge.next()]);
        if (next instanceof SshConnection) return await this.#enter(next, user);
        next.answer(yield { kind: 'prompts', ...next.promptSet });
      }
    } finally {
      ended.abort(refused('abandoned'));
      opened.then((connection) => connection[Symbol.dispose]()).catch(() => {});
      slot[Symbol.dispose]();
    }
  }

  /** Returns the account of `username` when it may log in here. Throws UNAVAILABLE. */
  async #userOf(username: string): Promise<UserEntry | undefined> {
    const user = await canonicalUserFor(username);
    if (user === undefined) return undefined;
    try {
      checkEligible(user, this.#options.eligible());
      return user;
    } catch (error) {
      if (isAppError(error, 'NOT_ELIGIBLE')) return undefined;
      throw error;
    }
  }

  #open(
    username: string,
    password: string,
    source: string,
    bridge: PromptBridge,
    signal: AbortSignal,
  ): Promise<SshConnection> {
    const { host, port, hostKeys, deadlines } = this.#options;
    const opened = SshConnection.open({
      host,
      port,
      localAddress: localAddressFor(source, host),
      hostKeys: readHostKeys(hostKeys),
      username,
      password,
      ask: (name, instruction, prompts) => bridge.ask({ name, instruction, prompts }),
      signal,
      deadlines: { ...SSH_DEADLINES, ...deadlines },
    });
    opened.catch(() => {});
    return opened;
  }

  async #enter(connection: SshConnection, user: UserEntry | undefined): Promise<Identity> {
    if (user === undefined) throw refused('sshd accepted a name that no account has');
    await this.#options.linkDaemons.ensure(user, connection);
    return { login: user.name, linuxUser: user.name, uid: user.uid, authMethod: METHOD };
  }
}

/** Returns a name that no account has; sshd takes as long for it as for any other. */
function unknownName(): string {
  return `nobody-${randomBytes(8).toString('hex')}`;
}
