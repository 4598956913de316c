/** The promises of --json (latchkey-json(5)), spelled out, and the types that follow from them. */

/**
 * The members that programs rely on, by document and object. Members may be added, here too; none may be
 * renamed, dropped or of another type.
 */
export const PROMISED = {
  latchkey:
    'server: string or null, version: string or null, login: string or null, linuxUser: string or null, role: string or null, expiresAt: time or null, links: integer or null, sessions: integer or null, problem: string or null',
  'latchkey whoami': 'role: string, server: string, token: token',
  'latchkey login': 'server: string, token: token',
  'latchkey trust': 'server: string, fingerprint: string',
  'latchkey fingerprint': 'server: string, fingerprint: string',
  'latchkey ca': 'server: string, ca: string',
  'latchkey logins': 'logins: array of login, total: integer',
  'latchkey tokens': 'tokens: array of token, total: integer',
  'latchkey tokens show': 'token: token',
  'latchkey tokens verify': 'active: boolean, reason: string or null, token: token or null',
  'latchkey links': 'links: array of link, total: integer',
  'latchkey links start':
    'socket: string, linuxUser: string, uid: integer, pid: integer, daemon: boolean, jti: string, state: string, createdAt: time or null, sessions: integer, version: string',
  'latchkey sessions': 'sessions: array of session, total: integer',
  'latchkey sessions show, latchkey start --detach': 'session: session',
  'latchkey sessions cordon': 'session: session, disconnected: integer',
  'latchkey sessions uncordon': 'session: session',
  'latchkey sessions disconnect': 'disconnected: integer',
  'latchkey logout, tokens revoke, links stop, sessions end': 'receipt: receipt',
  'latchkey version': 'version: string, commit: string or null, nodeVersion: string',
  'latchkey cp':
    'files: integer, folders: integer, links: integer, unchanged: integer, skipped: integer, ' +
    'failed: integer, bytes: integer, milliseconds: integer',
  'latchkey config check': 'ok: boolean, mode: string, file: string or null, set: integer',
  'latchkey config show': 'mode: string, file: string or null, settings: array of setting',
  'latchkey doctor': 'findings: array of finding',
  'latchkey tokens --watch: there': 'event: string, token: token',
  'latchkey tokens --watch: gone': 'event: string, id: string',
  'latchkey tokens --watch: complete': 'event: string',
  'latchkey links --watch: there': 'event: string, link: link',
  'latchkey links --watch: gone': 'event: string, id: string',
  'latchkey links --watch: complete': 'event: string',
  'latchkey sessions --watch: there': 'event: string, session: session',
  'latchkey sessions --watch: gone': 'event: string, id: string',
  'latchkey sessions --watch: complete': 'event: string',
  failure: 'error: error',
  login:
    'login: string, tokens: integer, links: integer, sessions: integer, linuxUsers: array of string, authMethods: array of string, newestIssuedAt: time or null, clientAddresses: array of string',
  token:
    'jti: string, login: string, linuxUser: string or null, authMethod: string, issuedAt: time or null, expiresAt: time or null, clientIp: string or null, hostname: string or null, socket: string or null, daemon: boolean, serverId: string, parentJti: string or null, current: boolean',
  link: 'socket: string, linuxUser: string, uid: integer, pid: integer, daemon: boolean, jti: string, state: string, createdAt: time or null, sessions: integer, version: string',
  session:
    'id: string, login: string, linuxUser: string, command: array of string, directory: string or null, state: string, startedAt: time or null, endedAt: time or null, exitStatus: integer or null, oomKills: integer or null, cpuMilliseconds: integer or null, memoryBytes: integer or null, jti: string, socket: string or null, attached: integer, terminal: string or null, cordon: cordon or null, idle: idle or null, readableFrom: integer, startedBy: string or null',
  cordon: 'message: string, by: string, cordonedAt: time or null',
  idle: 'action: string, since: time or null, actsAt: time or null',
  receipt:
    'jtis: array of string, links: array of string, sessions: array of string, processes: integer, milliseconds: integer, survivors: array of survivor, verifiedBy: string or null, keptSessions: array of string, validateOnly: boolean, stillRunning: array of stillRunning, stillRunningTotal: integer',
  survivor:
    'pid: integer, linuxUser: string, command: string, sessionId: string or null, socket: string or null, unconfirmed: boolean, seen: boolean',
  stillRunning:
    'sessionId: string or null, socket: string or null, login: string or null, linuxUser: string, pids: array of integer, command: string, unconfirmed: boolean, removed: boolean',
  error: 'reason: string, message: string, status: integer',
  setting: 'name: string, value: any, source: string, where: string',
  finding: 'check: string, status: string, summary: string, remedy: string or null',
} as const;

type Promised = typeof PROMISED;

/** Type of what --json prints by a name of PROMISED: `Printed<'token'>`, `Printed<'latchkey whoami'>`. */
export type Printed<Name extends keyof Promised> = Members<Promised[Name]>;

/** Parses "jti: string, daemon: boolean" to an object type. */
type Members<Text extends string> = Text extends `${infer First}, ${infer Rest}`
  ? Member<First> & Members<Rest>
  : Member<Text>;

type Member<Text extends string> = Text extends `${infer Name}: ${infer Word}`
  ? { readonly [Key in Name]: Value<Word> }
  : never;

type Value<Word extends string> = Word extends `${infer Inner} or null`
  ? Value<Inner> | null
  : Word extends `array of ${infer Inner}`
    ? readonly Value<Inner>[]
    : Word extends keyof Words
      ? Words[Word]
      : Word extends keyof Promised
        ? Printed<Word>
        : never;

/** Matches a time, which is RFC 3339 in UTC with milliseconds. */
interface Words {
  readonly string: string;
  readonly time: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly any: unknown;
}
