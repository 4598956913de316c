/** Attempts that have ended early: thrown within this folder, and returned by the login method. */
import type { AppError } from '../../errors.ts';
import type { Outcome } from '../outcome.ts';

export class Ended extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.kind, outcome.kind === 'failed' ? { cause: outcome.error } : {});
    this.outcome = outcome;
  }
}

/** A connection that ended before anything was sent over it that counts, so that another one may be tried. */
export class Dropped extends Ended {
  /** Time in which it is worth trying again, in milliseconds. */
  readonly retryMs: number;
  /** Text for the person who waits meanwhile. */
  readonly notice: string;

  private constructor(outcome: Outcome, retryMs: number, notice: string) {
    super(outcome);
    this.retryMs = retryMs;
    this.notice = notice;
  }

  /**
   * sshd closed the connection before its identification: it has too many connections (MaxStartups), or
   * refuses this address for a while (PerSourcePenalties, sshd_config(5)).
   */
  static busy(why: string): Dropped {
    return new Dropped(
      { kind: 'busy', why },
      8_000,
      'sshd refuses connections for the moment; trying again.',
    );
  }

  /** sshd did not accept the connection or lost it; it may be restarting. */
  static lost(error: AppError): Dropped {
    return new Dropped({ kind: 'failed', error }, 3_000, 'sshd does not answer; trying again.');
  }
}

/** A refusal before sshd took any answer: from the beginning it wants something else of this account. */
export class TakesNoAnswer extends Ended {
  constructor(wants: string) {
    super({ kind: 'refused', why: `sshd wants ${wants} before any answer` });
  }
}

/** Returns the end of a refused attempt; `why` is only logged. */
export function refused(why: string): Ended {
  return new Ended({ kind: 'refused', why });
}
