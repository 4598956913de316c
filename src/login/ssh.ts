/**
 * web-ssh (F12, F13): somebody is who the local sshd says, by password and whatever else it asks. Over
 * the same connection our own program runs once, as proof that the account can, and leaves a link daemon
 * where there is none. Nothing about an account can be learnt from a refusal: one that does not exist, or
 * may not have a link, is tried at sshd all the same, under a name that nobody has.
 */
import { randomBytes } from 'node:crypto';
import { checkEligible, type EligibleSettings } from '../accounts/eligible.ts';
import { canonicalUserFor, type UserEntry } from '../accounts/user-database.ts';
import { isAppError } from '../errors.ts';
import { refused } from './conversation.ts';
import { readHostKeys } from './host-keys.ts';
import type { LinkDaemons } from './link-daemons.ts';
import { localAddressFor } from './local-address.ts';
import { LoginSlots } from './login-slots.ts';
import type { Answers, Attempt, Challenge, Identity, LoginMethod, Prompt } from './method.ts';
import { PromptBridge } from './prompt-bridge.ts';
import { SSH_DEADLINES, SshConnection, type SshDeadlines } from './ssh-connection.ts';

export interface SshLoginOptions {
  readonly host: string;
  readonly port: number;
  /** Pattern of sshd's public host key files. */
  readonly hostKeys: string;
  readonly eligible: () => EligibleSettings;
  readonly linkDaemons: Pick<LinkDaemons, 'ensure'>;
  readonly deadlines?: Partial<SshDeadlines>;
}

const METHOD = 'web-ssh';
const PASSWORD: Prompt = { text: 'Password: ', echo: false };
/** Below sshd's MaxStartups of 10 (sshd_config(5)); one source must not take them all. */
const PLACES = { places: 9, perSource: 3, queueMs: 10_000, queued: 90 };

export class SshLogin implements LoginMethod {
  readonly name = METHOD;
  readonly description = 'As on the host itself: user name and password, over its own SSH server.';
  readonly #options: SshLoginOptions;
  readonly #places = new LoginSlots(PLACES);

  constructor(options: SshLoginOptions) {
    this.#options = options;
  }

  isUsable(): boolean {
    return readHostKeys(this.#options.hostKeys).length > 0;
  }

  async nameOf(username: string): Promise<string> {
    return (await canonicalUserFor(username))?.name ?? username;
  }

  /** The password is asked before sshd is dialled, so that nobody holds a connection while thinking. */
  async *attempt({ username, visitor, signal }: Attempt): AsyncGenerator<Challenge, Identity, Answers> {
    const [password = ''] = yield { kind: 'prompts', name: '', instruction: '', prompts: [PASSWORD] };
    if (password === '') throw refused('an empty password');
    const user = await this.#userOf(username);
    if (this.#places.isBusy(visitor.source)) {
      yield { kind: 'notice', text: 'Others are logging in; this waits for its turn.' };
    }
    const questions = new PromptBridge();
    const over = new AbortController();
    const either = AbortSignal.any([signal, over.signal]);
    const place = await this.#places.take(visitor.source, either);
    const opened = this.#open(user?.name ?? nobody(), password, visitor.source, questions, either);
    try {
      for (;;) {
        const next = await Promise.race([opened, questions.next()]);
        if (next instanceof SshConnection) return await this.#enter(next, user);
        next.answer(yield { kind: 'prompts', ...next.asked });
      }
    } finally {
      over.abort(refused('given up'));
      opened.then((connection) => connection[Symbol.dispose]()).catch(() => {});
      place[Symbol.dispose]();
    }
  }

  /** The account that is meant, when it may log in here. Throws UNAVAILABLE. */
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
    questions: PromptBridge,
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
      ask: (name, instruction, prompts) => questions.ask({ name, instruction, prompts }),
      signal,
      deadlines: { ...SSH_DEADLINES, ...deadlines },
    });
    opened.catch(() => {});
    return opened;
  }

  async #enter(connection: SshConnection, user: UserEntry | undefined): Promise<Identity> {
    if (user === undefined) throw refused('sshd let in a name that nobody has');
    await this.#options.linkDaemons.ensure(user, connection);
    return { login: user.name, linuxUser: user.name, uid: user.uid, authMethod: METHOD };
  }
}

/** A name that no account has; sshd takes as long for it as for any other. */
function nobody(): string {
  return `nobody-${randomBytes(8).toString('hex')}`;
}
