/**
 * One login from its first word to its token (DESIGN 5): tries of one method, six at most, each
 * of them slowed and counted, and a token for who it was. What every refusal has in common is here:
 * its words, and how long it takes since the last answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Authority, Minted } from '../authority/authority.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Answers, Challenge, Identity, LoginMethod, Visitor } from './method.ts';
import type { Throttle } from './throttle.ts';

/** A challenge; `again` when the answers before were refused. */
export type Turn = Challenge & { readonly again: boolean };

export interface ConversationsOptions {
  readonly methods: readonly LoginMethod[];
  readonly authority: Pick<Authority, 'mint'>;
  readonly throttle: Throttle;
  readonly log: { info(fields: object, message: string): void };
  /** The least that a refusal takes since the last answer: more than PAM's own delay (pam_fail_delay(3)). */
  readonly refusalMs?: number;
}

/** What the client began with. */
export interface Beginning {
  readonly method: string;
  readonly username: string;
  readonly visitor: Visitor;
  readonly signal: AbortSignal;
}

const TRIES = 6;
const REFUSAL_MS = 3_000;
const LONGEST_USERNAME = 256;
const LONGEST_ANSWER = 1024;

export class Conversations {
  readonly #options: ConversationsOptions;

  constructor(options: ConversationsOptions) {
    this.#options = options;
  }

  /** The ways in that could succeed now. */
  usable(): Pick<LoginMethod, 'name' | 'description'>[] {
    return this.#options.methods.filter((method) => method.isUsable());
  }

  /**
   * Yields what to ask and takes the answers; returns the token. Throws LOGIN_REFUSED after the last try,
   * LIMIT_EXCEEDED while failures of before have to be paid for, INVALID_ARGUMENT, UNAVAILABLE.
   */
  async *begin(beginning: Beginning): AsyncGenerator<Turn, Minted, Answers> {
    const method = this.#methodOf(beginning);
    this.#checkDebts(beginning, 0);
    for (let failures = 0; failures < TRIES; failures += 1) {
      const identity = yield* this.#try(method, beginning, failures);
      if (identity !== undefined) return this.#welcome(identity, beginning);
    }
    throw refused();
  }

  #methodOf({ method: name, username }: Beginning): LoginMethod {
    const method = this.#options.methods.find((known) => known.name === name && known.isUsable());
    if (method === undefined)
      throw new AppError('INVALID_ARGUMENT', 'method: there is no such way to log in');
    if (username === '' || username.length > LONGEST_USERNAME)
      throw new AppError('INVALID_ARGUMENT', `username: 1 to ${LONGEST_USERNAME} characters`);
    return method;
  }

  /** One try; undefined when it was refused. */
  async *#try(
    method: LoginMethod,
    beginning: Beginning,
    failures: number,
  ): AsyncGenerator<Turn, Identity | undefined, Answers> {
    const { throttle, log, refusalMs = REFUSAL_MS } = this.#options;
    const { username, visitor, signal } = beginning;
    const attempt = method.attempt({ username, visitor, signal });
    let answeredMs: number | undefined;
    try {
      let step = await attempt.next();
      while (!step.done) {
        const answers = yield { ...step.value, again: failures > 0 && answeredMs === undefined };
        if (step.value.kind === 'prompts') {
          checkAnswers(answers, step.value.prompts.length);
          if (answeredMs === undefined) await this.#slowDown(beginning, failures);
          answeredMs = performance.now();
        }
        step = await attempt.next(answers);
      }
      return step.value;
    } catch (error) {
      if (!isAppError(error, 'LOGIN_REFUSED')) throw error;
      throttle.failed(username, visitor.source);
      log.info({ username, peer: visitor.address, method: method.name, why: whyOf(error) }, 'login refused');
      const leftMs = (answeredMs ?? performance.now()) + refusalMs - performance.now();
      await delay(Math.max(0, leftMs), undefined, { signal });
      return undefined;
    } finally {
      await attempt.return(undefined as never);
    }
  }

  /** Before an answer is looked at, so that many conversations at once gain nothing. */
  async #slowDown(beginning: Beginning, failures: number): Promise<void> {
    this.#checkDebts(beginning, failures);
    const slowedMs = this.#options.throttle.slowedMs(beginning.username);
    await delay(slowedMs, undefined, { signal: beginning.signal });
  }

  #checkDebts({ username, visitor }: Beginning, own: number): void {
    const refusedForMs = this.#options.throttle.refusedForMs(username, visitor.source, own);
    if (refusedForMs === 0) return;
    const seconds = String(Math.ceil(refusedForMs / 1000));
    throw new AppError('LIMIT_EXCEEDED', `too many failed logins; try again in ${seconds} s`, {
      details: { retry_after_seconds: seconds },
    });
  }

  async #welcome({ login, linuxUser, uid, authMethod }: Identity, beginning: Beginning): Promise<Minted> {
    beginning.signal.throwIfAborted();
    return this.#options.authority.mint({
      login,
      authMethod,
      clientIp: beginning.visitor.address,
      ...(linuxUser !== undefined && { linuxUser }),
      ...(uid !== undefined && { uid }),
    });
  }
}

/** The one refusal: `why` goes to the log alone. */
export function refused(why?: string): AppError {
  return new AppError('LOGIN_REFUSED', 'login refused', { cause: why });
}

function whyOf({ cause }: AppError): string | undefined {
  return typeof cause === 'string' ? cause : undefined;
}

function checkAnswers(answers: Answers, wanted: number): void {
  if (answers.length !== wanted)
    throw new AppError('INVALID_ARGUMENT', `answers: ${wanted} are wanted, one for each prompt`);
  if (answers.some((text) => text.length > LONGEST_ANSWER || text.includes('\0')))
    throw new AppError('INVALID_ARGUMENT', `answers: at most ${LONGEST_ANSWER} characters each`);
}
