/**
 * Who may call what, as data: one row for every method that is served, and no other row. It decides
 * at the door only; which objects a caller sees is for the service that knows them.
 */
import type { Role } from '../../accounts/roles.ts';

/** Who may call: anybody, any token, or a token whose role has at least this rank. */
export type Access = 'public' | Role;

export interface Row {
  readonly access: Access;
  /** Only callers on this host. */
  readonly localOnly?: true;
  /** Also open to the token of a link daemon, which may call nothing else. */
  readonly linkDaemon?: true;
  /** The longest the call may take; otherwise see `deadlineMs`. */
  readonly deadlineMs?: number;
  /** People have to type each message but the first, which takes them longer than a program. */
  readonly isTyped?: true;
  /** Not worth a line of log each time it succeeds: too frequent, or open to everybody. */
  readonly quiet?: true;
}

/** EndSession may be given 60 s of grace, and then has to end what is left. */
const END_SESSION_MS = 75_000;

/** Keyed `<service>/<method>` as on the wire (DESIGN 5). */
export const POLICY = {
  'latchkey.v1.AuthService/ListMethods': { access: 'public', quiet: true },
  'latchkey.v1.AuthService/GetKeys': { access: 'public', quiet: true },
  'latchkey.v1.AuthService/Login': { access: 'public', isTyped: true },
  'latchkey.v1.AuthService/WhoAmI': { access: 'user', linkDaemon: true },
  'latchkey.v1.AuthService/Logout': { access: 'user', linkDaemon: true },

  'latchkey.v1.TokenService/ListTokens': { access: 'user' },
  'latchkey.v1.TokenService/GetToken': { access: 'user' },
  'latchkey.v1.TokenService/RevokeTokens': { access: 'user' },
  'latchkey.v1.TokenService/WatchTokens': { access: 'user' },
  'latchkey.v1.TokenService/ListLogins': { access: 'user' },
  'latchkey.v1.TokenService/VerifyToken': { access: 'manager' },

  'latchkey.v1.LinkService/RegisterLink': { access: 'public', localOnly: true },
  'latchkey.v1.LinkService/ListLinks': { access: 'user' },
  'latchkey.v1.LinkService/WatchLinks': { access: 'user' },
  'latchkey.v1.LinkService/StartLink': { access: 'user' },
  'latchkey.v1.LinkService/StopLink': { access: 'user' },

  'latchkey.v1.SessionService/StartSession': { access: 'user' },
  'latchkey.v1.SessionService/AttachSession': { access: 'user' },
  'latchkey.v1.SessionService/ReadOutput': { access: 'user' },
  'latchkey.v1.SessionService/ListSessions': { access: 'user' },
  'latchkey.v1.SessionService/GetSession': { access: 'user' },
  'latchkey.v1.SessionService/WatchSessions': { access: 'user' },
  'latchkey.v1.SessionService/SignalSession': { access: 'user' },
  'latchkey.v1.SessionService/EndSession': { access: 'user', deadlineMs: END_SESSION_MS },

  'latchkey.v1.SystemService/GetInfo': { access: 'user' },
  'latchkey.v1.SystemService/WatchActivity': { access: 'manager' },

  'grpc.health.v1.Health/Check': { access: 'public', quiet: true },
  'grpc.health.v1.Health/List': { access: 'public', quiet: true },
  'grpc.health.v1.Health/Watch': { access: 'public', quiet: true },
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': { access: 'public', quiet: true },
} as const satisfies Record<string, Row>;

/** A method that has a row. */
export type MethodPath = keyof typeof POLICY;

/** How a call moves: one message each way, or a stream on either side. */
export interface Streams {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** How long calls may take, in milliseconds: with one message each way, and public streams. */
export interface Deadlines {
  readonly unaryMs: number;
  readonly publicStreamMs: number;
}

/** How long a call may take whatever its client says; undefined when only its token limits it. */
export function deadlineMs(
  row: Row,
  { requestStream, responseStream }: Streams,
  deadlines: Deadlines,
): number | undefined {
  if (row.deadlineMs !== undefined) return row.deadlineMs;
  if (!requestStream && !responseStream) return deadlines.unaryMs;
  return row.access === 'public' ? deadlines.publicStreamMs : undefined;
}

/** Throws when `served` and the table differ in either direction; the daemon must not start then. */
export function checkPolicy(served: Iterable<string>, policy: Record<string, Row> = POLICY): void {
  const paths = new Set(served);
  const withoutRow = [...paths].filter((path) => !Object.hasOwn(policy, path));
  const withoutMethod = Object.keys(policy).filter((path) => !paths.has(path));
  if (withoutRow.length > 0) throw new Error(`methods without a policy row: ${withoutRow.join(', ')}`);
  if (withoutMethod.length > 0) throw new Error(`policy rows without a method: ${withoutMethod.join(', ')}`);
}
