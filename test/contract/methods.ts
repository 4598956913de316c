/** Every method of the policy, with a minimal valid request about an object of alice's. */

import type { MethodPath } from '../../src/api/pipeline/policy.ts';
import { sessionsById } from '../../src/client/session-selection.ts';
import { tokensById } from '../../src/client/token-selection.ts';
import * as auth from '../../src/generated/latchkey/v1/auth.ts';
import * as link from '../../src/generated/latchkey/v1/link.ts';
import * as session from '../../src/generated/latchkey/v1/session.ts';
import * as system from '../../src/generated/latchkey/v1/system.ts';
import * as token from '../../src/generated/latchkey/v1/token.ts';
import { durationOf } from '../../src/values/duration.ts';

/** An object of alice's that a request names. */
export interface Target {
  readonly jti: string;
  readonly socket: string;
  readonly token: string;
  readonly sessionId: string;
}

export interface Method {
  readonly streams?: true;
  /**
   * The object that the request must name. A `token` or `session` that a successful call uses up is `mortal`.
   */
  readonly needs?: 'token' | 'session';
  readonly mortal?: true;
  /** Set when the test does more than call: it registers a link, or logs the caller out. */
  readonly special?: 'register' | 'logout';
  readonly request?: Request;
  /** Returns true when the (first) answer shows any object. */
  readonly shows?: (response: Buffer) => boolean;
}

type Request = (target: Target) => Uint8Array;

interface Codec<T> {
  create(): T;
  encode(message: T): { finish(): Uint8Array };
}

function encoded<T>(codec: Codec<T>, members: (target: Target) => Partial<NoInfer<T>>): Request {
  return (target) => codec.encode({ ...codec.create(), ...members(target) }).finish();
}

const ofAlice = { login: 'alice' };
const tokenFilter = token.TokenFilter.fromPartial(ofAlice);
const linkFilter = link.LinkFilter.fromPartial({ linuxUser: 'alice' });
const sessionFilter = session.SessionFilter.fromPartial(ofAlice);
/** ServerReflectionRequest { list_services: "" } */
const LIST_SERVICES = Buffer.from([0x3a, 0]);

export const METHODS: Readonly<Record<MethodPath, Method>> = {
  'latchkey.v1.AuthService/ListMethods': {},
  'latchkey.v1.AuthService/GetKeys': {},
  'latchkey.v1.AuthService/Login': {
    streams: true,
    request: encoded(auth.LoginRequest, () => ({
      request: {
        $case: 'begin' as const,
        value: { method: token.AuthMethod.SSH, username: 'alice', purpose: auth.LoginPurpose.LOGIN },
      },
    })),
    shows: (response) => auth.LoginResponse.decode(response).challenge?.$case === 'prompts',
  },
  'latchkey.v1.AuthService/WhoAmI': {},
  'latchkey.v1.AuthService/Logout': { special: 'logout' },

  'latchkey.v1.TokenService/ListTokens': {
    request: encoded(token.ListTokensRequest, () => ({ filter: tokenFilter })),
    shows: (response) => token.ListTokensResponse.decode(response).totalSize > 0,
  },
  'latchkey.v1.TokenService/GetToken': {
    needs: 'token',
    request: encoded(token.GetTokenRequest, ({ jti }) => ({ jti })),
  },
  'latchkey.v1.TokenService/RevokeTokens': {
    needs: 'token',
    mortal: true,
    request: encoded(token.RevokeTokensRequest, ({ jti }) => ({ selection: tokensById([jti]) })),
  },
  'latchkey.v1.TokenService/WatchTokens': {
    streams: true,
    request: encoded(token.WatchTokensRequest, () => ({ filter: tokenFilter })),
    shows: (response) => token.WatchTokensResponse.decode(response).event?.$case === 'token',
  },
  'latchkey.v1.TokenService/ListLogins': {
    request: encoded(token.ListLoginsRequest, () => ({ filter: tokenFilter })),
    shows: (response) => token.ListLoginsResponse.decode(response).totalSize > 0,
  },
  'latchkey.v1.TokenService/VerifyToken': {
    needs: 'token',
    request: encoded(token.VerifyTokenRequest, (target) => ({ token: target.token })),
    shows: (response) => token.VerifyTokenResponse.decode(response).active,
  },

  'latchkey.v1.LinkService/RegisterLink': { special: 'register' },
  'latchkey.v1.LinkService/ListLinks': {
    request: encoded(link.ListLinksRequest, () => ({ filter: linkFilter })),
    shows: (response) => link.ListLinksResponse.decode(response).totalSize > 0,
  },
  'latchkey.v1.LinkService/WatchLinks': {
    streams: true,
    request: encoded(link.WatchLinksRequest, () => ({ filter: linkFilter })),
    shows: (response) => link.WatchLinksResponse.decode(response).event?.$case === 'link',
  },
  'latchkey.v1.LinkService/StartLink': {
    shows: (response) => link.StartLinkResponse.decode(response).link !== undefined,
  },
  'latchkey.v1.LinkService/StopLink': {
    needs: 'token',
    mortal: true,
    request: encoded(link.StopLinkRequest, ({ socket }) => ({ socket })),
  },

  'latchkey.v1.SessionService/StartSession': {
    request: encoded(session.StartSessionRequest, () => ({ command: [Buffer.from('true')] })),
  },
  'latchkey.v1.SessionService/AttachSession': {
    streams: true,
    needs: 'session',
    request: encoded(session.AttachSessionRequest, ({ sessionId }) => ({
      request: { $case: 'attach' as const, value: { sessionId, offset: 0, watch: false } },
    })),
    shows: (response) => session.AttachSessionResponse.decode(response).event?.$case === 'output',
  },
  'latchkey.v1.SessionService/ReadOutput': {
    streams: true,
    needs: 'session',
    request: encoded(session.ReadOutputRequest, ({ sessionId }) => ({ sessionId, follow: true })),
    shows: (response) => session.ReadOutputResponse.decode(response).event?.$case === 'output',
  },
  'latchkey.v1.SessionService/ListSessions': {
    needs: 'session',
    request: encoded(session.ListSessionsRequest, () => ({ filter: sessionFilter })),
    shows: (response) => session.ListSessionsResponse.decode(response).totalSize > 0,
  },
  'latchkey.v1.SessionService/GetSession': {
    needs: 'session',
    request: encoded(session.GetSessionRequest, ({ sessionId }) => ({ sessionId })),
  },
  'latchkey.v1.SessionService/WatchSessions': {
    streams: true,
    needs: 'session',
    request: encoded(session.WatchSessionsRequest, () => ({ filter: sessionFilter })),
    shows: (response) => session.WatchSessionsResponse.decode(response).event?.$case === 'session',
  },
  'latchkey.v1.SessionService/SignalSession': {
    needs: 'session',
    request: encoded(session.SignalSessionRequest, ({ sessionId }) => ({ sessionId, signal: 'CONT' })),
  },
  'latchkey.v1.SessionService/EndSession': {
    needs: 'session',
    mortal: true,
    request: encoded(session.EndSessionRequest, ({ sessionId }) => ({
      selection: sessionsById([sessionId]),
      grace: durationOf(0),
    })),
  },
  'latchkey.v1.SessionService/DisconnectSession': {
    needs: 'session',
    request: encoded(session.DisconnectSessionRequest, ({ sessionId }) => ({ sessionId })),
  },
  'latchkey.v1.SessionService/CordonSession': {
    needs: 'session',
    request: encoded(session.CordonSessionRequest, ({ sessionId }) => ({ sessionId, message: 'why' })),
  },
  'latchkey.v1.SessionService/UncordonSession': {
    needs: 'session',
    request: encoded(session.UncordonSessionRequest, ({ sessionId }) => ({ sessionId })),
  },

  'latchkey.v1.SystemService/GetInfo': {},
  'latchkey.v1.SystemService/WatchActivity': {
    streams: true,
    shows: (response) => system.WatchActivityResponse.decode(response).minutes.length === 60,
  },

  'grpc.health.v1.Health/Check': {},
  'grpc.health.v1.Health/List': {},
  'grpc.health.v1.Health/Watch': { streams: true },
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': {
    streams: true,
    request: () => LIST_SERVICES,
  },
};
