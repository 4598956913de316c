/**
 * The log on standard error: JSON lines, or lines for people on a terminal. It never contains a token.
 * Text from elsewhere is escaped in both forms: JSON escapes control characters, and this module the
 * others that a terminal interprets (C1, bidi and invisible characters).
 */
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import { inertJson, inertJsonText } from '../inert.ts';

export type { Logger } from 'pino';

/**
 * The log as other rooms use it; each declares which methods it calls. `err` in `details` is an error.
 */
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

/** Destination of the lines. */
export interface LogTarget {
  write(line: string, isUrgent: boolean): void;
  readonly isTTY?: boolean;
}

/** Names of members that hold secrets, in case somebody logs them by mistake. */
const SECRET_NAMES = new Set([
  'token',
  'authorization',
  'secret',
  'password',
  'cookie',
  'initKey',
  'privateKey',
  'master',
]);
const SECRET_DEPTH = 3;
const WARN = 40; // pino's level number
type Details = Record<string, unknown>;

/** A JWT, or most of one. */
const JWT = /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;

/** A line without characters that must be escaped, as most are. */
const PLAIN_LINE = /^[\x20-\x7e]*\n$/;

export function createLog({ level, format }: LogSettings, target: LogTarget = descriptorTarget(2)): Logger {
  const human = format === 'human' || (format === 'auto' && target.isTTY === true);
  const stream = {
    [pino.symbols.needsMetadataGsym]: true as const,
    lastLevel: 0, // set by pino to the level of the current line
    write(line: string): void {
      target.write(human ? humanLine(inertLine(line)) : inertLine(line), this.lastLevel >= WARN);
    },
  };
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: isoTime(),
    formatters: { level: (label) => ({ level: label }), log: withoutSecrets },
    serializers: { err: describeError, error: describeError },
  };
  return pino(options, stream);
}

/**
 * Writes to a descriptor. A warning or worse is written at once, with all lines before it, so that it is
 * not lost when the process is killed. Other lines are written together at the end of the event loop's
 * turn, since the write costs more than all other work on a line.
 */
export function descriptorTarget(fd: number): LogTarget {
  const destination = pino.destination({ fd, sync: true });
  destination.on('error', () => undefined); // neither a closed pipe nor a full disk is a reason to exit
  let waiting = '';
  const flush = (): void => {
    const lines = waiting;
    waiting = '';
    if (lines !== '') destination.write(lines);
  };
  process.on('exit', flush);
  return {
    isTTY: isatty(fd),
    write: (line, isUrgent) => {
      if (waiting === '') setImmediate(flush);
      waiting += line;
      if (isUrgent) flush();
    },
  };
}

/**
 * Returns `details` with secrets replaced. pino's own `redact` takes longer than all other work on a
 * line.
 */
function withoutSecrets(details: Details, depth = SECRET_DEPTH): Details {
  let copy: Details | undefined;
  for (const name in details) {
    const shown = SECRET_NAMES.has(name) ? '[secret]' : nestedWithoutSecrets(details[name], depth);
    if (shown === details[name]) continue;
    copy ??= { ...details };
    copy[name] = shown;
  }
  return copy ?? details;
}

function nestedWithoutSecrets(value: unknown, depth: number): unknown {
  return depth > 1 && isPlain(value) ? withoutSecrets(value, depth - 1) : value;
}

/** Other values decide themselves what is shown: errors by their serializer, secrets by toJSON. */
function isPlain(value: unknown): value is Details {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function describeError(error: Error): object {
  return withoutSecrets({ ...pino.stdSerializers.errWithCause(error) });
}

/** Like pino's isoTime, but formats a second only once for all lines that share it. */
function isoTime(): () => string {
  let second = Number.NaN;
  let text = '';
  return () => {
    const nowMs = Date.now();
    const milliseconds = nowMs % 1000;
    if (nowMs - milliseconds !== second) {
      second = nowMs - milliseconds;
      text = new Date(second).toISOString().slice(0, -'000Z'.length);
    }
    return `,"time":"${text}${String(milliseconds).padStart(3, '0')}Z"`;
  };
}

/** Replaces each token in `text`. */
export function withoutTokens(text: string): string {
  return text.includes('eyJ') ? text.replace(JWT, '[token]') : text;
}

/** Escapes characters that in a line of JSON occur only in strings, where \uXXXX has the same meaning. */
function inertLine(line: string): string {
  const shown = withoutTokens(line);
  return PLAIN_LINE.test(shown) ? shown : inertJsonText(shown);
}

/**
 * Formats `2026-11-22T02:49:54.000Z INFO  message key=value`. Every value is JSON, so it cannot break the
 * line.
 */
function humanLine(line: string): string {
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

/** Returns plain text as it is, everything else as JSON. */
function plain(value: unknown): string {
  if (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value) && !value.includes('"')) {
    return value;
  }
  return inertJson(value);
}
