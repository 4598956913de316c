/**
 * The log, on standard error: JSON lines, or lines for people on a terminal. It never writes a
 * token, and text from elsewhere is inert in both forms: JSON escapes control characters, and what
 * JSON leaves (C1, bidi and other unseen controls) is escaped here.
 */
import { type Logger, pino } from 'pino';
import { inertJson, inertJsonText } from './inert.ts';

export type { Logger } from 'pino';

/** What the rooms need of it; each asks for no more than it uses. `err` among the details is an error. */
export interface Log {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFormat = 'auto' | 'json' | 'human';

export interface LogSettings {
  /** `silent` is for tests. */
  readonly level: LogLevel | 'silent';
  readonly format: LogFormat;
}

/** Where lines go. */
export interface LogTarget {
  write(line: string): void;
  readonly isTTY?: boolean;
}

/** Members that hold secrets wherever somebody might log them by mistake. */
const HIDDEN = ['token', 'authorization', 'secret', 'password', 'cookie', 'initKey', 'privateKey', 'master'];
/** A JWT, or most of one. */
const JWT = /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;

export function createLog({ level, format }: LogSettings, target: LogTarget = standardError()): Logger {
  const human = format === 'human' || (format === 'auto' && target.isTTY === true);
  const write = (line: string): void => target.write(human ? forPeople(safe(line)) : safe(line));
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.errWithCause, error: pino.stdSerializers.errWithCause },
    redact: { paths: HIDDEN.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
  };
  return pino(options, { write });
}

/** Written at once, so that nothing is lost when the process is killed; a closed pipe is no reason to die. */
function standardError(): LogTarget {
  const destination = pino.destination({ fd: 2, sync: true });
  destination.on('error', () => undefined);
  return { write: (line) => void destination.write(line), isTTY: process.stderr.isTTY === true };
}

/** In a line of JSON these characters stand in strings only, where \uXXXX means the same. */
function safe(line: string): string {
  return inertJsonText(line.replace(JWT, '[token]'));
}

/** `2026-11-22T02:49:54.000Z INFO  message key=value`; every value is JSON, so a line stays a line. */
function forPeople(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const pairs = Object.entries(rest).map(([key, value]) => `${plain(key)}=${plain(value)}`);
  const words = [
    String(time),
    String(level).toUpperCase().padEnd(5),
    msg === undefined ? '' : plain(msg),
    ...pairs,
  ];
  return `${words.filter((word) => word !== '').join(' ')}\n`;
}

/** Plain text as it is, everything else as JSON. */
function plain(value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) && !value.includes('"')) {
    return value;
  }
  return inertJson(value);
}
