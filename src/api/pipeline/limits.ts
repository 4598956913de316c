/**
 * Limits of calls and messages (DESIGN 11). Each `enter` either throws LIMIT_EXCEEDED or returns a slot to
 * dispose of. Never queues, and keeps no entry for a caller that has no slot.
 */
import { AppError } from '../../errors.ts';
import { SlidingWindow } from '../../limits/sliding-window.ts';
import { Slots } from '../../limits/slots.ts';
import type { Connection } from '../transport/connections.ts';
import type { Deadlines } from './policy.ts';

export interface CallLimits extends Deadlines {
  /** Most simultaneous calls without a valid token on one connection. */
  readonly unauthenticatedPerConnection: number;
  /** Most calls per second on a connection that has shown no valid token, refused ones included. */
  readonly unauthenticatedPerSecond: number;
  /**
   * Most simultaneous calls without a valid token from other hosts together; the same for each uid of this
   * host.
   */
  readonly unauthenticated: number;
  /** Most simultaneous calls of one login. */
  readonly perLogin: number;
  /** Most bytes of one login's messages that have arrived in part or are still in use. */
  readonly messagesPerLogin: number;
  /** Most registrations of links that one uid may begin within a minute. */
  readonly registrationsPerMinute: number;
  /** Time in which a client must send a message that is due. */
  readonly messageDueMs: number;
  /** The same for a typed message, such as a code from another device. */
  readonly typedDueMs: number;
  /** Time in which a client must fetch the rest of an answer. */
  readonly fetchMs: number;
}

const CALL_LIMITS: CallLimits = {
  unauthenticatedPerConnection: 16,
  unauthenticatedPerSecond: 100,
  unauthenticated: 100,
  perLogin: 1000,
  messagesPerLogin: 64 * 1024 * 1024,
  registrationsPerMinute: 60,
  messageDueMs: 20_000,
  typedDueMs: 60_000,
  fetchMs: 60_000,
  unaryMs: 60_000,
  publicStreamMs: 300_000,
};

const MINUTE_MS = 60_000;

/** Messages of LIMIT_EXCEEDED. */
const UNAUTHENTICATED_ON_CONNECTION = 'too many calls without a login at once on this connection';
const UNAUTHENTICATED = 'too many calls without a login at once';
const CALLS = 'this login has too many calls at once';
const MESSAGES = 'this login has too many messages under way at once';
const REGISTRATIONS = 'too many links of this account have registered within a minute; try again later';

export class Limits {
  /** The limits in force. */
  readonly numbers: CallLimits;
  readonly #nowMs: () => number;
  readonly #unauthenticatedOn: Slots<Connection>;
  readonly #unauthenticated: Slots<'remote' | number>;
  readonly #calls: Slots<string>;
  readonly #messageBytes: Slots<string>;
  readonly #registrations: SlidingWindow<number>;

  constructor(limits: Partial<CallLimits> = {}, nowMs: () => number = () => performance.now()) {
    const numbers = { ...CALL_LIMITS, ...limits };
    this.numbers = numbers;
    this.#nowMs = nowMs;
    this.#unauthenticatedOn = new Slots(numbers.unauthenticatedPerConnection, UNAUTHENTICATED_ON_CONNECTION);
    this.#unauthenticated = new Slots(numbers.unauthenticated, UNAUTHENTICATED);
    this.#calls = new Slots(numbers.perLogin, CALLS);
    this.#messageBytes = new Slots(numbers.messagesPerLogin, MESSAGES);
    this.#registrations = new SlidingWindow(numbers.registrationsPerMinute, MINUTE_MS);
  }

  /** Counts a call on `connection`; true when a connection without a valid token makes too many of them. */
  isFlood(connection: Connection): boolean {
    if (connection.authenticated) return false;
    return connection.attempts.count(this.#nowMs()) > this.numbers.unauthenticatedPerSecond;
  }

  /** Throws LIMIT_EXCEEDED when `connection` has too many calls without a valid token. */
  checkUnauthenticated(connection: Connection): void {
    if (this.#unauthenticatedOn.isFull(connection)) throw exceeded(UNAUTHENTICATED_ON_CONNECTION);
  }

  /** Takes a slot of `connection` for a call whose token is missing or not yet verified. */
  enterUnauthenticated(connection: Connection): Disposable {
    return this.#unauthenticatedOn.take(connection);
  }

  /**
   * Takes a slot for a public call: callers from other hosts share one limit, each uid of this host has its
   * own.
   */
  enterPublic(source: 'remote' | number): Disposable {
    return this.#unauthenticated.take(source);
  }

  enterLogin(login: string): Disposable {
    return this.#calls.take(login);
  }

  /** Reserves memory for a message of `login`. */
  reserveFor(login: string, bytes: number): Disposable {
    return this.#messageBytes.take(login, bytes);
  }

  /** Counts a registration of a link by `uid`. Throws LIMIT_EXCEEDED. */
  countRegistration(uid: number): void {
    if (!this.#registrations.take(uid, this.#nowMs())) throw exceeded(REGISTRATIONS);
  }
}

function exceeded(message: string): AppError {
  return new AppError('LIMIT_EXCEEDED', message);
}
