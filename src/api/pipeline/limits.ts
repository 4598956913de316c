/**
 * How much anybody may ask for at once (DESIGN 11). Promises bounded tables; each `enter` either
 * throws LIMIT_EXCEEDED or gives a slot that has to be disposed of. Nothing ever waits here.
 */
import { AppError } from '../../errors.ts';
import type { Connection } from '../transport/connections.ts';
import type { Deadlines } from './policy.ts';

export interface CallLimits extends Deadlines {
  /** Calls at once that have shown no good token: on one connection. */
  readonly unprovenPerConnection: number;
  /** Such calls on one connection within a second, whatever they ask for and however soon they are refused. */
  readonly unprovenPerSecond: number;
  /** Such calls at once in all; callers on this host are counted apart, each uid for itself. */
  readonly unproven: number;
  /** Calls at once of one login. */
  readonly perLogin: number;
  /** Bytes of messages of one login that have come in part, or are not done with. */
  readonly messagesPerLogin: number;
  /** Registrations of links that one uid may begin within a minute. */
  readonly registrationsPerMinute: number;
  /** How long a client may take for a message that it owes us. */
  readonly messageDueMs: number;
  /** The same where somebody has to type it, and may look for a code on another device first. */
  readonly typedDueMs: number;
  /** How long a client may take to fetch the rest of an answer. */
  readonly fetchMs: number;
}

const CALL_LIMITS: CallLimits = {
  unprovenPerConnection: 16,
  unprovenPerSecond: 100,
  unproven: 100,
  perLogin: 1000,
  messagesPerLogin: 64 * 1024 * 1024,
  registrationsPerMinute: 60,
  messageDueMs: 20_000,
  typedDueMs: 60_000,
  fetchMs: 60_000,
  unaryMs: 60_000,
  publicStreamMs: 300_000,
};

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

export class Limits {
  /** The numbers, for who counts time. */
  readonly numbers: CallLimits;
  readonly #nowMs: () => number;
  readonly #pools = new Map<string, number>();
  readonly #registrations = new Map<number, readonly number[]>();

  constructor(limits: Partial<CallLimits> = {}, nowMs: () => number = () => performance.now()) {
    this.numbers = { ...CALL_LIMITS, ...limits };
    this.#nowMs = nowMs;
  }

  /** Counts a call on `connection`, and says whether it makes more of them than a client would that has no login. */
  isFlood(connection: Connection): boolean {
    if (connection.proven) return false;
    const { attempts } = connection;
    const nowMs = this.#nowMs();
    if (nowMs - attempts.sinceMs > SECOND_MS) [attempts.count, attempts.sinceMs] = [0, nowMs];
    attempts.count += 1;
    return attempts.count > this.numbers.unprovenPerSecond;
  }

  /** Throws when there is no room for another call on `connection` that shows no good token. */
  checkUnproven(connection: Connection): void {
    if (connection.unproven >= this.numbers.unprovenPerConnection) {
      throw exceeded('too many calls without a login at once on this connection');
    }
  }

  /** A call on `connection` that has shown no good token (yet). */
  enterUnproven(connection: Connection): Disposable {
    this.checkUnproven(connection);
    connection.unproven += 1;
    return slot(() => {
      connection.unproven -= 1;
    });
  }

  /** The same among all of its kind: callers from elsewhere together, those of this host by uid. */
  enterShared(source: 'remote' | number): Disposable {
    return this.#enter(`from ${source}`, this.numbers.unproven, 'too many calls without a login at once');
  }

  /** A call of `login`. */
  enterLogin(login: string): Disposable {
    return this.#enter(`of ${login}`, this.numbers.perLogin, 'this login has too many calls at once');
  }

  /** Room for a message of `login`. */
  reserveFor(login: string, bytes: number): Disposable {
    const message = 'this login has too many messages under way at once';
    return this.#enter(`messages of ${login}`, this.numbers.messagesPerLogin, message, bytes);
  }

  /** A link of `uid` that begins to register. */
  countRegistration(uid: number): void {
    const sinceMs = this.#nowMs() - MINUTE_MS;
    for (const [known, startedMs] of this.#registrations) {
      const recent = startedMs.filter((ms) => ms > sinceMs);
      if (recent.length > 0) this.#registrations.set(known, recent);
      else this.#registrations.delete(known);
    }
    const recent = this.#registrations.get(uid) ?? [];
    if (recent.length >= this.numbers.registrationsPerMinute) {
      throw exceeded('too many links of this account have registered within a minute; try again later');
    }
    this.#registrations.set(uid, [...recent, this.#nowMs()]);
  }

  #enter(pool: string, limit: number, message: string, by = 1): Disposable {
    const taken = (this.#pools.get(pool) ?? 0) + by;
    if (taken > limit) throw exceeded(message);
    this.#pools.set(pool, taken);
    return slot(() => {
      const left = (this.#pools.get(pool) ?? by) - by;
      if (left > 0) this.#pools.set(pool, left);
      else this.#pools.delete(pool);
    });
  }
}

function slot(leave: () => void): Disposable {
  let left = false;
  return {
    [Symbol.dispose]: () => {
      if (!left) leave();
      left = true;
    },
  };
}

function exceeded(message: string): AppError {
  return new AppError('LIMIT_EXCEEDED', message);
}
