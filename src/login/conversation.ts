/**
 * One login from its first word to its token (DESIGN 5): tries of one method, six at most, each
 * of them slowed and counted, and a token for who it was. What every refusal has in common is here:
 * its words, and how long it takes since the last answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Authority, Minted } from '../authority/authority.ts';
import { AppError, isAppError } from '../errors.ts';
import type { RefusalLog } from '../log/refusal-log.ts';
import type { Answers, Challenge, Identity, LoginMethod, Visitor } from './method.ts';
import type { Throttle } from './throttle.ts';

/** A challenge; `again` when the answers before were refused. */
export type Turn = Challenge & { readonly again: boolean };

export interface ConversationsOptions {
  readonly methods: readonly LoginMethod[];
  readonly authority: Pick<Authority, 'mint'>;
  readonly throttle: Pick<Throttle, 'failed' | 'refusedForMs' | 'slowedMs'>;
  readonly refusals: Pick<RefusalLog, 'add'>;
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

/** A conversation under way. */
interface Visit extends Beginning {
  readonly way: LoginMethod;
  /** Whose the failures are: the one name of whoever is meant, once an answer was given. */
  name: string;
  failures: number;
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
    const way = this.#methodOf(beginning);
    const visit: Visit = { ...beginning, way, name: beginning.username, failures: 0 };
    this.#checkDebts(visit);
    for (; visit.failures < TRIES; visit.failures += 1) {
      const identity = yield* this.#try(visit);
      if (identity !== undefined) return this.#welcome(identity, visit);
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

  /** One try; undefined when it was refused. What was answered and then given up counts as a failure. */
  async *#try(visit: Visit): AsyncGenerator<Turn, Identity | undefined, Answers> {
    const { way, username, visitor, signal } = visit;
    const attempt = way.attempt({ username, visitor, signal });
    let answeredMs: number | undefined;
    let isUndecided = false;
    try {
      let step = await attempt.next();
      while (!step.done) {
        const answers = yield { ...step.value, again: visit.failures > 0 && answeredMs === undefined };
        if (step.value.kind === 'prompts') {
          checkAnswers(answers, step.value.prompts.length);
          if (answeredMs === undefined) await this.#slowDown(visit);
          answeredMs = performance.now();
          isUndecided = true;
        }
        step = await attempt.next(answers);
      }
      isUndecided = false;
      return step.value;
    } catch (error) {
      const isRefused = isAppError(error, 'LOGIN_REFUSED');
      isUndecided &&= signal.aborted && !isRefused;
      if (!isRefused) throw error;
      await this.#refuse(visit, answeredMs ?? performance.now(), error);
      return undefined;
    } finally {
      if (isUndecided) await this.#options.throttle.failed(visit.name, visitor.source);
      await attempt.return(undefined as never);
    }
  }

  async #refuse(
    { username, name, way, visitor, signal }: Visit,
    sinceMs: number,
    why: AppError,
  ): Promise<void> {
    const { throttle, refusals, refusalMs = REFUSAL_MS } = this.#options;
    await throttle.failed(name, visitor.source);
    const kind = { username, method: way.name, why: whyOf(why), from: visitor.source };
    refusals.add('login refused', kind, { peer: visitor.address });
    await delay(Math.max(0, sinceMs + refusalMs - performance.now()), undefined, { signal });
  }

  /** Before an answer is looked at, so that many conversations at once gain nothing. */
  async #slowDown(visit: Visit): Promise<void> {
    visit.name = (await visit.way.nameOf?.(visit.username)) ?? visit.username;
    this.#checkDebts(visit);
    await delay(this.#options.throttle.slowedMs(visit.name), undefined, { signal: visit.signal });
  }

  #checkDebts({ name, visitor, failures }: Visit): void {
    const refusedForMs = this.#options.throttle.refusedForMs(name, visitor.source, failures);
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
