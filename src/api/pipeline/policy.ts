/**
 * The access policy as data: exactly one row for each served method. It only decides who may call;
 * the services decide which objects a caller sees.
 */

import type { Role } from '../../accounts/roles.ts';
import { LONGEST_GRACE_MS } from '../../grace-period.ts';

/** Callers of a method: anyone, or a token whose role has at least this rank. */
export type Access = 'public' | Role;

export interface Row {
  readonly access: Access;
  /** Restricts the method to callers on this host. */
  readonly localOnly?: true;
  /** Lets the token of a link daemon call the method; it may call no other. */
  readonly linkDaemon?: true;
  /** Longest duration of a call, in milliseconds; see `deadlineMs` for the default. */
  readonly deadlineMs?: number;
  /** True when each message after the first is typed, which takes longer. */
  readonly isTyped?: true;
}

/** EndSession waits for the grace period, and then needs time to end what is left. */
const END_SESSION_MS = LONGEST_GRACE_MS + 15_000;

/** The policy rows by `<service>/<method>` (DESIGN 5). */
export const POLICY = {
  'latchkey.v1.AuthService/ListMethods': { access: 'public' },
  'latchkey.v1.AuthService/GetKeys': { access: 'public' },
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
  'latchkey.v1.SessionService/DisconnectSession': { access: 'user' },
  'latchkey.v1.SessionService/CordonSession': { access: 'manager' },
  'latchkey.v1.SessionService/UncordonSession': { access: 'manager' },

  'latchkey.v1.SystemService/GetInfo': { access: 'user' },
  'latchkey.v1.SystemService/WatchActivity': { access: 'manager' },

  'grpc.health.v1.Health/Check': { access: 'public' },
  'grpc.health.v1.Health/List': { access: 'public' },
  'grpc.health.v1.Health/Watch': { access: 'public' },
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': { access: 'public' },
} as const satisfies Record<string, Row>;

export type MethodPath = keyof typeof POLICY;

/** Which sides of a call are streams. */
export interface Streams {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

/** Default time limits of unary calls and of public streams, in milliseconds. */
export interface Deadlines {
  readonly unaryMs: number;
  readonly publicStreamMs: number;
}

/** Returns the longest duration of a call, in milliseconds; undefined when only its token limits it. */
export function deadlineMs(
  row: Row,
  { requestStream, responseStream }: Streams,
  deadlines: Deadlines,
): number | undefined {
  if (row.deadlineMs !== undefined) return row.deadlineMs;
  if (!requestStream && !responseStream) return deadlines.unaryMs;
  return row.access === 'public' ? deadlines.publicStreamMs : undefined;
}

/**
 * Throws unless each served method has a policy row and each row a method; the server must not start then.
 */
export function checkPolicy(served: Iterable<string>, policy: Record<string, Row> = POLICY): void {
  const paths = new Set(served);
  const withoutRow = [...paths].filter((path) => !Object.hasOwn(policy, path));
  const withoutMethod = Object.keys(policy).filter((path) => !paths.has(path));
  if (withoutRow.length > 0) throw new Error(`methods without a policy row: ${withoutRow.join(', ')}`);
  if (withoutMethod.length > 0) throw new Error(`policy rows without a method: ${withoutMethod.join(', ')}`);
}
