/**
 * The log, on standard error: JSON lines, or lines for people on a terminal. It never writes a
 * token, and text from elsewhere is inert in both forms: JSON escapes control characters, and what
 * JSON leaves (C1, bidi and other unseen controls) is escaped here.
 */
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import { inertJson, inertJsonText } from '../inert.ts';

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
  write(line: string, isUrgent: boolean): void;
  readonly isTTY?: boolean;
}

/** Members that hold secrets wherever somebody might log them by mistake. */
const HIDDEN = new Set([
  'token',
  'authorization',
  'secret',
  'password',
  'cookie',
  'initKey',
  'privateKey',
  'master',
]);
const HIDDEN_DEPTH = 3;
const WARN = 40; // pino's number
type Details = Record<string, unknown>;

/** A JWT, or most of one. */
const JWT = /\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)?/g;

/** Most lines: nothing in them that would have to be escaped. */
const PLAIN_LINE = /^[\x20-\x7e]*\n$/;

export function createLog({ level, format }: LogSettings, target: LogTarget = descriptorTarget(2)): Logger {
  const human = format === 'human' || (format === 'auto' && target.isTTY === true);
  const stream = {
    [pino.symbols.needsMetadataGsym]: true as const,
    lastLevel: 0, // of the line that is written, says pino
    write(line: string): void {
      target.write(human ? forPeople(safe(line)) : safe(line), this.lastLevel >= WARN);
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
 * What is worth a warning is written at once, with all before it, so that nothing of it is lost when the process
 * is killed; the rest at the end of the turn, since writing costs more than all else about a line.
 */
export function descriptorTarget(fd: number): LogTarget {
  const destination = pino.destination({ fd, sync: true });
  destination.on('error', () => undefined); // a closed pipe is no reason to die
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

/** `details` with secrets blacked out; pino can do that too, but takes longer for it than for all the rest. */
function withoutSecrets(details: Details, depth = HIDDEN_DEPTH): Details {
  let copy: Details | undefined;
  for (const name in details) {
    const shown = HIDDEN.has(name) ? '[secret]' : below(details[name], depth);
    if (shown === details[name]) continue;
    copy ??= { ...details };
    copy[name] = shown;
  }
  return copy ?? details;
}

function below(value: unknown, depth: number): unknown {
  return depth > 1 && isPlain(value) ? withoutSecrets(value, depth - 1) : value;
}

/** Whatever else there is says itself what it shows: errors by their serializer, secrets by toJSON. */
function isPlain(value: unknown): value is Details {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function describeError(error: Error): object {
  return withoutSecrets({ ...pino.stdSerializers.errWithCause(error) });
}

/** pino's isoTime, but a second that many lines share is written out once. */
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

/** `text` with each token in it blacked out. */
export function withoutTokens(text: string): string {
  return text.includes('eyJ') ? text.replace(JWT, '[token]') : text;
}

/** In a line of JSON these characters stand in strings only, where \uXXXX means the same. */
function safe(line: string): string {
  const shown = withoutTokens(line);
  return PLAIN_LINE.test(shown) ? shown : inertJsonText(shown);
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
