/**
 * How much anybody may ask for at once (DESIGN 11). Promises bounded tables; each `enter` either
 * throws LIMIT_EXCEEDED or gives a slot that has to be disposed of. Nothing ever waits here.
 */
import { AppError } from '../../errors.ts';
import { SlidingWindow } from '../../limits/sliding-window.ts';
import { Slots } from '../../limits/slots.ts';
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

const MINUTE_MS = 60_000;

/** What is said to who finds no room. */
const UNPROVEN_ON_CONNECTION = 'too many calls without a login at once on this connection';
const UNPROVEN = 'too many calls without a login at once';
const CALLS = 'this login has too many calls at once';
const MESSAGES = 'this login has too many messages under way at once';
const REGISTRATIONS = 'too many links of this account have registered within a minute; try again later';

export class Limits {
  /** The numbers, for who counts time. */
  readonly numbers: CallLimits;
  readonly #nowMs: () => number;
  readonly #unprovenOn: Slots<Connection>;
  readonly #unproven: Slots<'remote' | number>;
  readonly #calls: Slots<string>;
  readonly #messageBytes: Slots<string>;
  readonly #registrations: SlidingWindow<number>;

  constructor(limits: Partial<CallLimits> = {}, nowMs: () => number = () => performance.now()) {
    const numbers = { ...CALL_LIMITS, ...limits };
    this.numbers = numbers;
    this.#nowMs = nowMs;
    this.#unprovenOn = new Slots(numbers.unprovenPerConnection, UNPROVEN_ON_CONNECTION);
    this.#unproven = new Slots(numbers.unproven, UNPROVEN);
    this.#calls = new Slots(numbers.perLogin, CALLS);
    this.#messageBytes = new Slots(numbers.messagesPerLogin, MESSAGES);
    this.#registrations = new SlidingWindow(numbers.registrationsPerMinute, MINUTE_MS);
  }

  /** Counts a call on `connection`, and says whether it makes more of them than a client would that has no login. */
  isFlood(connection: Connection): boolean {
    if (connection.proven) return false;
    return connection.attempts.count(this.#nowMs()) > this.numbers.unprovenPerSecond;
  }

  /** Throws when there is no room for another call on `connection` that shows no good token. */
  checkUnproven(connection: Connection): void {
    if (this.#unprovenOn.isFull(connection)) throw exceeded(UNPROVEN_ON_CONNECTION);
  }

  /** A call on `connection` that has shown no good token (yet). */
  enterUnproven(connection: Connection): Disposable {
    return this.#unprovenOn.take(connection);
  }

  /** The same among all of its kind: callers from elsewhere together, those of this host by uid. */
  enterShared(source: 'remote' | number): Disposable {
    return this.#unproven.take(source);
  }

  /** A call of `login`. */
  enterLogin(login: string): Disposable {
    return this.#calls.take(login);
  }

  /** Room for a message of `login`. */
  reserveFor(login: string, bytes: number): Disposable {
    return this.#messageBytes.take(login, bytes);
  }

  /** A link of `uid` that begins to register. */
  countRegistration(uid: number): void {
    if (!this.#registrations.take(uid, this.#nowMs())) throw exceeded(REGISTRATIONS);
  }
}

function exceeded(message: string): AppError {
  return new AppError('LIMIT_EXCEEDED', message);
}
