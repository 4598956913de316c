/** What this room needs of a logger: pino's own shape, of which it sees no more. */
import type { Logger } from 'pino';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;
