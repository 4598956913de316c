/**
 * The outcome of one attempt to log in. Throttle, log and the answer to the person all follow from it, so
 * that what counts as a guess is decided once, by what the host meant and not by how it said so.
 */
import { AppError } from '../errors.ts';
import type { AuthMethodName } from '../values/auth-method.ts';

/** An identity that a person has proven. */
export interface Identity {
  readonly login: string;
  /** The Linux user that was proven, if any, with its uid. */
  readonly linuxUser?: string;
  readonly uid?: number;
  readonly authMethod: AuthMethodName;
}

export type Outcome =
  /** The person has proven to be `identity`. */
  | { readonly kind: 'proven'; readonly identity: Identity }
  /** A wrong answer, or an account that nobody may log in to; `why` is only logged. */
  | { readonly kind: 'refused'; readonly why: string }
  /** The client left after an answer, before it knew whether that was right. */
  | { readonly kind: 'abandoned' }
  /** The host has accepted an answer, and wants something besides that this method cannot give. */
  | { readonly kind: 'incomplete'; readonly wants: string }
  /** The answers were right, but the account did not run Latchkey's program. */
  | ({ readonly kind: 'unusable' } & UnusableAccount)
  /** The answers were right, but the password has expired and cannot be changed here. */
  | { readonly kind: 'expired' }
  /** The host admits nobody at present; `text` is its message to everybody, such as that of nologin(5). */
  | { readonly kind: 'closed'; readonly text: string }
  /** sshd accepts no connection at present. */
  | { readonly kind: 'busy'; readonly why: string }
  /** A failure of the host or of the server, or a malformed request. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** The account that was let in and did not run Latchkey's program. */
export interface UnusableAccount {
  /** Canonical name of the account. */
  readonly account: string;
  /** Exit status, or name of the signal, of what ran instead; undefined when nothing ran. */
  readonly status: number | string | undefined;
  /** The last output of sshd or of the account, in one line; may be empty. */
  readonly text: string;
}

/** Returns true for an outcome that counts as a guess: the throttle makes the next one slower. */
export function isGuess({ kind }: Outcome): boolean {
  return kind === 'refused' || kind === 'abandoned';
}

/** Returns what the log says about an outcome. */
export function whyOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'refused':
    case 'busy':
      return outcome.why;
    case 'abandoned':
      return 'the client left before it had an answer';
    case 'proven':
      return 'proven';
    default: {
      const error = errorOf(outcome);
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Returns the error that the client gets. Every refusal is the same; all others say what to do next. */
export function errorOf(outcome: Exclude<Outcome, { kind: 'proven' }>): unknown {
  switch (outcome.kind) {
    case 'refused':
    case 'abandoned':
      return new AppError('LOGIN_REFUSED', 'login refused');
    case 'incomplete':
      return incomplete(outcome.wants);
    case 'unusable':
      return unusable(outcome);
    case 'expired':
      return notEligible('the password has expired; change it on the host, then log in again');
    case 'closed':
      return notEligible(`the host admits nobody at present: ${outcome.text}`);
    case 'busy':
      return new AppError('UNAVAILABLE', 'sshd refuses connections for the moment; try again in a minute');
    case 'failed':
      return outcome.error;
  }
}

function incomplete(wants: string): AppError {
  const next = 'log in to the host with ssh, and run there: latchkey link';
  return new AppError(
    'LOGIN_INCOMPLETE',
    `sshd wants ${wants} besides the password, which this login cannot give; ${next}`,
  );
}

function unusable({ account, status, text }: UnusableAccount): AppError {
  const [happened, next] =
    status === undefined
      ? [`sshd ran nothing for ${account}`, 'ask the administrator what sshd_config(5) says of this account']
      : [
          `the shell of ${account} ended with ${typeof status === 'number' ? `status ${status}` : status} ` +
            "and Latchkey's program did not run to its end",
          'check the files that the shell reads first (such as ~/.bashrc), or ask the administrator whether ' +
            'this account has a forced command',
        ];
  const said = text === '' ? '' : `: ${text}`;
  return new AppError('ACCOUNT_UNUSABLE', `the password was right, but ${happened}${said}; ${next}`, {
    ...(status !== undefined && { details: { exitStatus: String(status) } }),
  });
}

function notEligible(message: string): AppError {
  return new AppError('NOT_ELIGIBLE', message);
}
