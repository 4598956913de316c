import { constants } from 'node:os';
import { invalidField } from '../errors.ts';

const HIGHEST = 64;

/** Returns the number of a signal such as "TERM", "SIGTERM" or "15" (signal(7)). Throws INVALID_ARGUMENT. */
export function signalNumber(signal: string): number {
  if (/^\d{1,2}$/.test(signal)) {
    const number = Number(signal);
    if (number >= 1 && number <= HIGHEST) return number;
  }
  const name = signal.startsWith('SIG') ? signal : `SIG${signal}`;
  const known: Readonly<Record<string, number>> = constants.signals;
  const number = Object.hasOwn(known, name) ? known[name] : undefined;
  if (number !== undefined) return number;
  throw invalidField('signal', 'must be a name such as TERM, or a number from 1 to 64');
}
