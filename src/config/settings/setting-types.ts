/**
 * The types of values that a setting can have. Each describes the values that it expects and the form of text
 * from the environment, and converts what was written to the value that the program uses.
 */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';
import type { Surroundings } from '../paths/paths.ts';
import { secondsIn } from './duration.ts';
import { type IdleRule, parseIdleRule } from './idle-rule.ts';
import { Secret } from './secret.ts';
import { weakness } from './secret-strength.ts';

/** `host` is an IP address without brackets; port 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The form of an environment variable's text, which is parsed before the schema sees it. */
export type Shape = 'text' | 'boolean' | 'integer' | 'list' | 'map';

/** `Unit` is what the name of a value ends with inside the program: `Seconds`, `Bytes`. */
export interface SettingType<T, Unit extends string = ''> {
  /** Converts what was written, if it is valid; the value of `auto` may depend on `around`. */
  readonly read: (raw: unknown, around: Surroundings) => Reading<T>;
  /** Completes "expected …". */
  readonly expected: string;
  readonly shape: Shape;
  readonly unit: Unit;
  readonly secret: boolean;
}

type Reading<T> = { readonly success: true; readonly data: T } | { readonly success: false };

interface Description<T, Unit> {
  readonly schema: z.ZodType<T>;
  readonly expected: string;
  readonly shape: Shape;
  readonly unit?: Unit;
  readonly secret?: boolean;
}

function typed<T, const Unit extends string = ''>({
  schema,
  unit = '' as Unit,
  secret = false,
  ...words
}: Description<T, Unit>): SettingType<T, Unit> {
  return { read: (raw) => schema.safeParse(raw), unit, secret, ...words };
}

/** Makes a schema of `parse`, which returns undefined for an invalid text. */
function parsed<T>(parse: (text: string) => T | undefined): z.ZodType<T> {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: 'unfit' });
    return z.NEVER;
  });
}

/** The same type, in which the word `auto` stands for what `find` returns. */
export function orAuto<T, Found, Unit extends string>(
  type: SettingType<T, Unit>,
  find: (around: Surroundings) => Found,
): SettingType<T | Found, Unit> {
  return {
    ...type,
    read: (raw, around) => (raw === 'auto' ? { success: true, data: find(around) } : type.read(raw, around)),
    expected: `${type.expected}, or auto`,
  };
}

/** The same type, in which null stands for undefined. */
export function orNothing<T, Unit extends string>(
  type: SettingType<T, Unit>,
): SettingType<T | undefined, Unit> {
  return {
    ...type,
    read: (raw, around) => (raw === null ? { success: true, data: undefined } : type.read(raw, around)),
  };
}

export function oneOf<const T extends readonly [string, ...string[]]>(...words: T): SettingType<T[number]> {
  return typed({
    schema: z.enum(words),
    expected: words.length === 2 ? words.join(' or ') : `one of ${words.join(', ')}`,
    shape: 'text',
  });
}

export const yesOrNo = typed({
  schema: z.boolean(),
  expected: 'true or false',
  shape: 'boolean',
});

export function integer(least: number, most: number): SettingType<number> {
  return typed({
    schema: z.int().min(least).max(most),
    expected: `a whole number from ${least} to ${most}`,
    shape: 'integer',
  });
}

const DURATION = {
  expected: 'a duration with its unit (s, m, h, d, w) such as 90s, 8h or 7d, at most 3660d',
  shape: 'text',
} as const;

const seconds = parsed(secondsIn);

export const durationSeconds = typed({ schema: seconds, unit: 'Seconds', ...DURATION });

export const durationMs = typed({ schema: seconds.transform((all) => all * 1000), unit: 'Ms', ...DURATION });

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** A size from `least` bytes to 1 TiB; `words` is `least` as people write it. */
export function size(least: number, words: string): SettingType<number, 'Bytes'> {
  return typed({
    schema: parsed((text) => {
      const [, amount, unit] = /^([1-9]\d{0,8}) ?(B|[KMGT]iB)$/.exec(text) ?? [];
      const bytes = Number(amount) * (UNIT_BYTES[unit ?? ''] ?? Number.NaN);
      return bytes >= least && bytes <= 1024 ** 4 ? bytes : undefined;
    }),
    expected: `a size with its unit (B, KiB, MiB, GiB, TiB) such as 64MiB, from ${words} to 1TiB`,
    shape: 'text',
    unit: 'Bytes',
  });
}

export const listenAddress = typed({
  schema: parsed((text) => {
    const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
    const host = four === 'localhost' ? '127.0.0.1' : (six ?? four ?? '');
    const port = Number(digits);
    const fits = six === undefined ? isIPv4(host) : isIPv6(host);
    return fits && port <= 65_535 ? { host, port } : undefined;
  }),
  expected: 'an IP address and a port such as [::]:7300 or 127.0.0.1:7300',
  shape: 'text',
});

/** Also a DNS name in the TLS certificate, and the `iss` of tokens; proxy tokens own "proxy" (F21). */
export const serverId = typed({
  schema: parsed((text) => {
    const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
    const fits = text.length <= 64 && text.split('.').every((part) => label.test(part));
    return fits && text !== 'proxy' && isIP(text) === 0 ? text : undefined;
  }),
  expected: 'up to 64 lower-case letters, digits, "-" and "." like a host name, and not "proxy"',
  shape: 'text',
});

const DNS_LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** True for a DNS name that a TLS certificate can contain (RFC 1035, 2.3.4; underscores as in practice). */
function isDnsName(text: string): boolean {
  return text.length <= 253 && isIP(text) === 0 && text.split('.').every((label) => DNS_LABEL.test(label));
}

export const hostName = typed({
  schema: z.string().refine(isDnsName),
  expected: 'a DNS name, whose parts have 1 to 63 letters, digits, "-" and "_"',
  shape: 'text',
});

/** A name or address to connect to; never something that could be taken for an option. */
export const remoteHost = typed({
  schema: z.string().refine((text) => isDnsName(text) || isIP(text) !== 0),
  expected: 'a host name or IP address such as 127.0.0.1',
  shape: 'text',
});

/** A list of some of `words`, without duplicates. */
export function someOf<const T extends readonly [string, ...string[]]>(
  ...words: T
): SettingType<readonly T[number][]> {
  return typed({
    schema: z.array(z.enum(words)).transform((found) => [...new Set(found)]),
    expected: `a list of ${words.join(', ')}`,
    shape: 'list',
  });
}

export const absolutePath = typed({
  schema: parsed((text) =>
    isAbsolute(text) && !text.includes('\0') && text.length <= 4_000
      ? withoutSlash(normalize(text))
      : undefined,
  ),
  expected: 'an absolute path',
  shape: 'text',
});

function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** A database's path, absolute or relative to the state folder. */
export const storeUrl = typed({
  schema: z.string().regex(/^sqlite:[^\0?#]+[^\0?#/]$/),
  expected: 'sqlite: and a file name such as sqlite:latchkey.db',
  shape: 'text',
});

export const strongSecret = typed({
  schema: z
    .string()
    .refine((text) => weakness(text) === undefined)
    .transform((text) => new Secret(text)),
  expected: 'at least 32 random characters, for example from: openssl rand -base64 48',
  shape: 'text',
  secret: true,
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const NAME = /^(?![-\s])[^\x00-\x1f\x7f-\x9f,:]{1,256}(?<!\s)$/;

/** Names of users, without duplicates. */
export const userNames = typed<readonly string[]>({
  schema: z.array(z.string().regex(NAME)).transform((names) => [...new Set(names)]),
  expected: 'a list of user names such as [alice, bob]',
  shape: 'list',
});

/** A bare name is a Linux group: `wheel` becomes `unix:wheel`. */
export const groupNames = typed<readonly string[]>({
  schema: z
    .array(parsed((text) => unixGroup(text.startsWith('unix:') ? text.slice(5) : text)))
    .transform((groups) => [...new Set(groups)]),
  expected: 'a list of Linux groups such as [wheel] or ["unix:wheel"]',
  shape: 'list',
});

function unixGroup(name: string): string | undefined {
  return NAME.test(name) ? `unix:${name}` : undefined;
}

/** Rules for idle sessions, of which the first that applies counts. */
export const idleRules = typed<readonly IdleRule[]>({
  schema: z.array(parsed(parseIdleRule)).max(64),
  expected:
    'a list of at most 64 rules such as "end after 2h", "disconnect after 30m warning 10m from 20:00 to 06:00 ' +
    'for role:user unix:students alice", with the actions warn, disconnect and end',
  shape: 'list',
});

/** A map from some of `names` to seconds. */
export function durations(...names: readonly string[]): SettingType<Readonly<Record<string, number>>> {
  return typed({
    schema: z.partialRecord(z.enum(names), seconds) as z.ZodType<Record<string, number>>,
    expected: `durations such as 8h by one of ${names.join(', ')}`,
    shape: 'map',
  });
}
