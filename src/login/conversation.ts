/**
 * A login from the client's first request to its token (DESIGN 5): attempts with one method while the
 * throttle allows them, and a token for the identity that was proven. Each attempt has one outcome
 * (outcome.ts), which is counted and logged here, so that all refusals have the same text and take the same
 * time since the last answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Authority, Minted, MintRequest } from '../authority/authority.ts';
import { AppError, invalidField, isAppError } from '../errors.ts';
import type { RefusalLog } from '../log/refusal-log.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { AuthMethodName } from '../values/auth-method.ts';
import type { Answers, Challenge, LoginMethod, LoginOrigin, Prompt } from './method.ts';
import { errorOf, type Identity, isGuess, type Outcome, whyOf } from './outcome.ts';
import type { LoginKey } from './throttle/login-key.ts';
import type { Throttle, ThrottledAttempt } from './throttle/throttle.ts';

/** A challenge for the client; `again` is true when the previous answers were refused. */
export type Turn = Challenge & { readonly again: boolean };

export interface ConversationsOptions {
  readonly methods: readonly LoginMethod[];
  readonly authority: Pick<Authority, 'mint' | 'uidOf'>;
  readonly throttle: Pick<Throttle, 'check' | 'enter'>;
  readonly refusals: Pick<RefusalLog, 'add' | 'addEach'>;
  /**
   * Least time of a refusal since the last answer, in milliseconds: more than PAM's own delay
   * (pam_fail_delay(3)).
   */
  readonly refusalMs?: number;
}

/** A client's request to log in. */
export interface LoginRequest {
  /** Undefined when this server knows no such method. */
  readonly method: AuthMethodName | undefined;
  readonly username: string;
  readonly origin: LoginOrigin;
  readonly signal: AbortSignal;
  /** The token that a link daemon is to be started for (F18), if the login has that purpose. */
  readonly starts?: TokenClaims;
}

/** A conversation in progress. */
interface ActiveLogin extends LoginRequest {
  readonly loginMethod: LoginMethod;
  /** The name that failures count against: the account's canonical one, once an answer was given. */
  name: string;
  hasFailed: boolean;
  /** Notices that the client has got. */
  readonly shown: Set<string>;
  /** The present attempt, as the throttle counts it; set by its first answer. */
  counted?: ThrottledAttempt | undefined;
  /** Time of performance.now() of the last answer in the present attempt. */
  answeredMs?: number | undefined;
}

const REFUSED = 'login refused';
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
   * Yields challenges and receives answers; returns the token. Throws LOGIN_REFUSED after the last attempt
   * that the throttle allows, LIMIT_EXCEEDED when it allows none, INVALID_ARGUMENT, PERMISSION_DENIED for a
   * start by another Linux user than its token's, and the error of any other outcome (outcome.ts).
   */
  async *begin(request: LoginRequest): AsyncGenerator<Turn, Minted, Answers> {
    if (request.starts !== undefined) checkBound(request.starts, request.username);
    const loginMethod = this.#methodOf(request);
    const state = { name: request.username, hasFailed: false, shown: new Set<string>() };
    const active: ActiveLogin = { ...request, loginMethod, ...state };
    this.#checkNow(active);
    do {
      const outcome = yield* this.#attemptOnce(active);
      if (outcome.kind === 'proven') return this.#issueToken(outcome.identity, active);
      if (outcome.kind !== 'refused') throw errorOf(outcome);
      active.hasFailed = true;
    } while (this.#mayTryAgain(active));
    throw errorOf({ kind: 'refused', why: 'all attempts are used up' });
  }

  #checkNow(active: ActiveLogin): void {
    try {
      this.#options.throttle.check(keyOf(active));
    } catch (error) {
      this.#log(active, { kind: 'failed', error });
      throw error;
    }
  }

  #mayTryAgain(active: ActiveLogin): boolean {
    try {
      this.#options.throttle.check(keyOf(active));
      return true;
    } catch (error) {
      if (isAppError(error, 'LIMIT_EXCEEDED')) return false;
      throw error;
    }
  }

  #methodOf({ method: name, username, starts }: LoginRequest): LoginMethod {
    const method = this.#options.methods.find((known) => known.name === name && known.isUsable());
    if (method === undefined || (starts !== undefined && method.startsLinks !== true))
      throw invalidField('begin.method', 'no such login method');
    if (username === '' || username.length > MAX_USERNAME_LENGTH)
      throw invalidField('begin.username', `must have 1 to ${MAX_USERNAME_LENGTH} characters`);
    return method;
  }

  /** Makes one attempt and records its outcome. One that is left after an answer is abandoned. */
  async *#attemptOnce(active: ActiveLogin): AsyncGenerator<Turn, Outcome, Answers> {
    const { loginMethod, username, origin, signal } = active;
    const attempt = loginMethod.attempt({ username, origin, signal });
    active.answeredMs = undefined;
    let outcome: Outcome | undefined;
    try {
      outcome = yield* this.#converse(active, attempt);
      return outcome;
    } catch (error) {
      if (!signal.aborted) outcome = { kind: 'failed', error };
      throw error;
    } finally {
      try {
        if (outcome !== undefined || active.answeredMs !== undefined)
          await this.#record(active, outcome ?? { kind: 'abandoned' });
      } finally {
        endCount(active);
        await attempt.return(undefined as never);
      }
    }
  }

  async *#converse(
    active: ActiveLogin,
    attempt: ReturnType<LoginMethod['attempt']>,
  ): AsyncGenerator<Turn, Outcome, Answers> {
    const asked = new Set<string>();
    let step = await attempt.next();
    while (!step.done) {
      if (step.value.kind === 'notice' && isRepeated(active, step.value.text)) {
        step = await attempt.next([]);
        continue;
      }
      if (step.value.kind !== 'notice' && isRepeatedIn(asked, step.value.prompts))
        await this.#countAgain(active);
      const again = active.hasFailed && active.answeredMs === undefined;
      const answers = yield { ...step.value, again };
      if (step.value.kind !== 'notice') {
        checkAnswers(answers, step.value.prompts.length);
        await this.#count(active);
        active.answeredMs = performance.now();
      }
      step = await attempt.next(answers);
    }
    return step.value;
  }

  /** Counts and logs an outcome. Takes a fixed time since the last answer for a refusal. */
  async #record(active: ActiveLogin, outcome: Outcome): Promise<void> {
    const { refusalMs = REFUSAL_MS } = this.#options;
    const { signal, answeredMs } = active;
    if (isGuess(outcome)) await (await this.#count(active)).refused();
    // Not awaited: it is stored together with the token.
    if (outcome.kind === 'proven') void active.counted?.accepted();
    if (outcome.kind !== 'proven') this.#log(active, outcome);
    if (outcome.kind !== 'refused') return;
    const untilMs = (answeredMs ?? performance.now()) + refusalMs;
    await delay(Math.max(0, untilMs - performance.now()), undefined, { signal });
  }

  /**
   * Logs a login that was not proven; other failures than too many logins are logged with the call. A line
   * begins with the address, before any text that the client has chosen (build/package/fail2ban.conf).
   * Guesses are limited, so each has a line.
   */
  #log(
    { name, loginMethod, origin, starts }: ActiveLogin,
    outcome: Exclude<Outcome, { kind: 'proven' }>,
  ): void {
    const { refusals } = this.#options;
    const error = errorOf(outcome);
    const isLimit = isAppError(error, 'LIMIT_EXCEEDED');
    if (outcome.kind === 'failed' && !isLimit) return;
    const kind = {
      event: 'refused',
      from: origin.address,
      outcome: isLimit ? 'limited' : outcome.kind,
      source: origin.source,
      method: loginMethod.name,
      login: name,
      reason: isAppError(error) ? error.reason : undefined,
      ...(!isLimit && { why: whyOf(outcome) }),
      ...(starts !== undefined && { by: starts.sub, byJti: starts.jti }),
    };
    const details = { ...(isLimit && { why: error.message }), sshFrom: loginMethod.sshFrom?.(origin) };
    if (isGuess(outcome)) refusals.addEach(REFUSED, kind, details);
    else refusals.add(REFUSED, kind, details);
  }

  /** Counts the attempt from now on, before its first answer is looked at. Throws LIMIT_EXCEEDED. */
  async #count(active: ActiveLogin): Promise<ThrottledAttempt> {
    if (active.counted !== undefined) return active.counted;
    const { loginMethod, username, signal } = active;
    active.name = (await loginMethod.canonicalNameOf?.(username)) ?? username;
    active.counted = await this.#options.throttle.enter(keyOf(active), signal);
    return active.counted;
  }

  /** Counts an answer as wrong after which the host asks the same again, within one attempt. */
  async #countAgain(active: ActiveLogin): Promise<void> {
    this.#log(active, { kind: 'refused', why: 'the host asks the same again' });
    await (await this.#count(active)).refused();
    active.counted = undefined;
    await this.#count(active);
  }

  async #issueToken(identity: Identity, request: ActiveLogin): Promise<Minted> {
    const { signal, loginMethod, origin, starts } = request;
    signal.throwIfAborted();
    const { linuxUser, uid } = identity;
    const sshFrom = loginMethod.sshFrom?.(origin);
    return this.#options.authority.mint({
      ...(starts === undefined ? ownerOf(identity) : await this.#ownerOfStart(starts, identity)),
      clientIp: origin.address,
      ...(sshFrom !== undefined && { sshFrom }),
      ...(linuxUser !== undefined && { linuxUser }),
      ...(uid !== undefined && { uid }),
    });
  }

  /**
   * Returns the owner of the token of a start: the login whose token asked for it, which it never outlives.
   * Throws NOT_ELIGIBLE when the account has become somebody else's since, TOKEN_NOT_ACTIVE.
   */
  async #ownerOfStart({ sub, jti, user }: TokenClaims, { linuxUser, uid }: Identity): Promise<Owner> {
    if (linuxUser !== user || uid === undefined || uid !== (await this.#options.authority.uidOf(jti)))
      throw new AppError(
        'NOT_ELIGIBLE',
        `account ${JSON.stringify(user)} is no longer the one that logged in`,
      );
    return { login: sub, authMethod: 'ssh-start', parent: jti };
  }
}

/** The owner of a token, and how it was obtained. */
type Owner = Pick<MintRequest, 'login' | 'authMethod' | 'parent'>;

function ownerOf({ login, authMethod }: Identity): Owner {
  return { login, authMethod };
}

/** Throws PERMISSION_DENIED unless the token is bound to `username`. */
function checkBound({ user }: TokenClaims, username: string): void {
  if (user !== undefined && user === username) return;
  const message =
    user === undefined
      ? 'this login has no Linux user, so it can have no link'
      : `this login is bound to the Linux user ${user}, and can start links of nobody else`;
  throw new AppError('PERMISSION_DENIED', message);
}

/** Returns true when the same prompts were shown already. */
function isRepeatedIn(asked: Set<string>, prompts: readonly Prompt[]): boolean {
  const key = JSON.stringify(prompts);
  const isKnown = asked.has(key);
  asked.add(key);
  return isKnown;
}

/** Returns true when `text` was shown already: the host says the same at each attempt. */
function isRepeated({ shown }: ActiveLogin, text: string): boolean {
  const isKnown = shown.has(text);
  shown.add(text);
  return isKnown;
}

function endCount(active: ActiveLogin): void {
  active.counted?.[Symbol.dispose]();
  active.counted = undefined;
}

function keyOf({ name, origin }: ActiveLogin): LoginKey {
  return { login: name, source: origin.source };
}

function checkAnswers(answers: Answers, wanted: number): void {
  if (answers.length !== wanted)
    throw invalidField('answers.texts', `must be ${wanted}, one for each prompt`);
  if (answers.some((text) => text.length > MAX_ANSWER_LENGTH || text.includes('\0')))
    throw invalidField('answers.texts', `at most ${MAX_ANSWER_LENGTH} characters each, without NUL`);
}
