/**
 * A login from the client's first request to its token (DESIGN 5): at most six attempts with one method,
 * each slowed down and counted, and a token for the identity that was proven. All refusals are made here,
 * so that they have the same text and take the same time since the last answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Authority, Minted } from '../authority/authority.ts';
import { AppError, isAppError } from '../errors.ts';
import type { RefusalLog } from '../log/refusal-log.ts';
import type { Answers, Challenge, Identity, LoginMethod, LoginOrigin } from './method.ts';
import type { Throttle } from './throttle.ts';

/** A challenge for the client; `again` is true when the previous answers were refused. */
export type Turn = Challenge & { readonly again: boolean };

export interface ConversationsOptions {
  readonly methods: readonly LoginMethod[];
  readonly authority: Pick<Authority, 'mint'>;
  readonly throttle: Pick<Throttle, 'failed' | 'refusedForMs' | 'slowedMs'>;
  readonly refusals: Pick<RefusalLog, 'add'>;
  /**
   * Least time of a refusal since the last answer, in milliseconds: more than PAM's own delay
   * (pam_fail_delay(3)).
   */
  readonly refusalMs?: number;
}

/** A client's request to log in. */
export interface LoginRequest {
  readonly method: string;
  readonly username: string;
  readonly origin: LoginOrigin;
  readonly signal: AbortSignal;
}

/** A conversation in progress. */
interface ActiveLogin extends LoginRequest {
  readonly loginMethod: LoginMethod;
  /** The name that failures count against: the account's canonical one, once an answer was given. */
  name: string;
  failures: number;
}

const MAX_ATTEMPTS = 6;
const REFUSAL_MS = 3_000;
const MAX_USERNAME_LENGTH = 256;
const MAX_ANSWER_LENGTH = 1024;

export class Conversations {
  readonly #options: ConversationsOptions;

  constructor(options: ConversationsOptions) {
    this.#options = options;
  }

  /** Returns the methods that could succeed now. */
  usable(): Pick<LoginMethod, 'name' | 'description'>[] {
    return this.#options.methods.filter((method) => method.isUsable());
  }

  /**
   * Yields challenges and receives answers; returns the token. Throws LOGIN_REFUSED after the last attempt,
   * LIMIT_EXCEEDED while the penalty for earlier failures lasts, INVALID_ARGUMENT, UNAVAILABLE.
   */
  async *begin(request: LoginRequest): AsyncGenerator<Turn, Minted, Answers> {
    const loginMethod = this.#methodOf(request);
    const active: ActiveLogin = { ...request, loginMethod, name: request.username, failures: 0 };
    this.#checkPenalty(active);
    for (; active.failures < MAX_ATTEMPTS; active.failures += 1) {
      const identity = yield* this.#attemptOnce(active);
      if (identity !== undefined) return this.#issueToken(identity, active);
    }
    throw refused();
  }

  #methodOf({ method: name, username }: LoginRequest): LoginMethod {
    const method = this.#options.methods.find((known) => known.name === name && known.isUsable());
    if (method === undefined) throw new AppError('INVALID_ARGUMENT', 'method: no such login method');
    if (username === '' || username.length > MAX_USERNAME_LENGTH)
      throw new AppError('INVALID_ARGUMENT', `username: must have 1 to ${MAX_USERNAME_LENGTH} characters`);
    return method;
  }

  /**
   * Makes one attempt; returns undefined when it was refused. An attempt abandoned after an answer counts
   * as a failure.
   */
  async *#attemptOnce(active: ActiveLogin): AsyncGenerator<Turn, Identity | undefined, Answers> {
    const { loginMethod, username, origin, signal } = active;
    const attempt = loginMethod.attempt({ username, origin, signal });
    let answeredMs: number | undefined;
    let isUndecided = false;
    try {
      let step = await attempt.next();
      while (!step.done) {
        const answers = yield { ...step.value, again: active.failures > 0 && answeredMs === undefined };
        if (step.value.kind === 'prompts') {
          checkAnswers(answers, step.value.prompts.length);
          if (answeredMs === undefined) await this.#slowDown(active);
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
      await this.#refuse(active, answeredMs ?? performance.now(), error);
      return undefined;
    } finally {
      if (isUndecided) await this.#options.throttle.failed(active.name, origin.source);
      await attempt.return(undefined as never);
    }
  }

  async #refuse(
    { username, name, loginMethod, origin, signal }: ActiveLogin,
    sinceMs: number,
    why: AppError,
  ): Promise<void> {
    const { throttle, refusals, refusalMs = REFUSAL_MS } = this.#options;
    await throttle.failed(name, origin.source);
    const kind = { username, method: loginMethod.name, why: whyOf(why), from: origin.source };
    refusals.add('login refused', kind, { peer: origin.address });
    await delay(Math.max(0, sinceMs + refusalMs - performance.now()), undefined, { signal });
  }

  /** Delays the check of an answer, so that many conversations at once gain nothing. */
  async #slowDown(active: ActiveLogin): Promise<void> {
    active.name = (await active.loginMethod.canonicalNameOf?.(active.username)) ?? active.username;
    this.#checkPenalty(active);
    await delay(this.#options.throttle.slowedMs(active.name), undefined, { signal: active.signal });
  }

  #checkPenalty({ name, origin, failures }: ActiveLogin): void {
    const refusedForMs = this.#options.throttle.refusedForMs(name, origin.source, failures);
    if (refusedForMs === 0) return;
    const seconds = String(Math.ceil(refusedForMs / 1000));
    throw new AppError('LIMIT_EXCEEDED', `too many failed logins; try again in ${seconds} s`, {
      details: { retry_after_seconds: seconds },
    });
  }

  async #issueToken({ login, linuxUser, uid, authMethod }: Identity, request: LoginRequest): Promise<Minted> {
    request.signal.throwIfAborted();
    return this.#options.authority.mint({
      login,
      authMethod,
      clientIp: request.origin.address,
      ...(linuxUser !== undefined && { linuxUser }),
      ...(uid !== undefined && { uid }),
    });
  }
}

/** The error for every refused login; `why` is only logged. */
export function refused(why?: string): AppError {
  return new AppError('LOGIN_REFUSED', 'login refused', { cause: why });
}

function whyOf({ cause }: AppError): string | undefined {
  return typeof cause === 'string' ? cause : undefined;
}

function checkAnswers(answers: Answers, wanted: number): void {
  if (answers.length !== wanted)
    throw new AppError('INVALID_ARGUMENT', `answers: must be ${wanted}, one for each prompt`);
  if (answers.some((text) => text.length > MAX_ANSWER_LENGTH || text.includes('\0')))
    throw new AppError('INVALID_ARGUMENT', `answers: at most ${MAX_ANSWER_LENGTH} characters each`);
}
