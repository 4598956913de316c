/**
 * Converts a link's Error frame. A link is a process of its user, so nothing in it is trusted: only
 * reasons that a link may have, one detail, and text without control characters.
 */
import { AppError, type Reason } from '../../errors.ts';
import type { Error as ErrorFrame } from '../../generated/latchkey/link/v1/link.ts';

const REASONS: ReadonlySet<string> = new Set<Reason>([
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'START_FAILED',
  'LINK_LOST',
  'SESSION_ENDED',
  'INPUT_CLOSED',
  'OUTPUT_DROPPED',
  'LIMIT_EXCEEDED',
  'SLOW_READER',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'UNAVAILABLE',
]);
/** Fields of a request that only a link can judge. */
const FIELDS: ReadonlySet<string> = new Set(['offset']);
const MAX_TEXT = 500;

/**
 * An error that the link itself has sent, as opposed to a link that did not answer. It has no stack: the
 * fault is not the server's, and links must not fill the log.
 */
export class LinkRefusal extends AppError {
  constructor(...given: ConstructorParameters<typeof AppError>) {
    super(...given);
    this.stack = `${this.name}: ${this.message}`;
  }
}

/**
 * Returns the error of a link. A reason that a link may not have is LINK_LOST, with the link's message only
 * in the cause, for the log: no link can make a call fail as if the server had failed.
 */
export function refusalOf(frame: ErrorFrame): LinkRefusal {
  if (!REASONS.has(frame.reason)) return unexpected(frame);
  const reason = frame.reason as Reason;
  const { first_offset: firstOffset } = frame.details;
  const details = firstOffset !== undefined && /^\d{1,16}$/.test(firstOffset) ? { firstOffset } : {};
  const message = safeText(frame.message) || 'the link refused the request';
  const { field } = frame;
  const violation = FIELDS.has(field) ? { field, description: message } : undefined;
  return new LinkRefusal(reason, message, { details, violation });
}

function unexpected({ reason, message }: ErrorFrame): LinkRefusal {
  const cause = new Error(`the link reports ${safeText(reason)}: ${safeText(message)}`);
  cause.stack = cause.message;
  return new LinkRefusal('LINK_LOST', 'the link failed; try again', { cause });
}

/** Makes text from a link safe to log and show: one line, no control characters, at most 500 characters. */
export function safeText(text: string): string {
  return text.slice(0, MAX_TEXT).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '�');
}
