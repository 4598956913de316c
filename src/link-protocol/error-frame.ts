import type { AppError } from '../errors.ts';
import type { ValueOf } from './protocol.ts';

/** Returns the content of an Error frame. The cause of an error is not sent. */
export function errorFrame({ reason, message, details, violation }: AppError): ValueOf<'error'> {
  return { reason, message, details: { ...details }, field: violation?.field ?? '' };
}
