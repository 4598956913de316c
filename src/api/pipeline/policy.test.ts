import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Column, WHO_MAY_CALL } from '../../../test/contract/who-may-call.ts';
import { callHeaders, EMPTY, grpcStatus } from '../../../test/support/clients/raw-call.ts';
import { ServedApi } from '../../../test/support/server/served-api.ts';
import { AppError } from '../../errors.ts';
import { Feed } from '../../feed.ts';
import { ServerReflectionDefinition } from '../../generated/grpc/reflection/v1/reflection.ts';
import { HealthDefinition } from '../../generated/health/v1/health.ts';
import { AuthServiceDefinition } from '../../generated/latchkey/v1/auth.ts';
import { LinkServiceDefinition } from '../../generated/latchkey/v1/link.ts';
import { SessionServiceDefinition } from '../../generated/latchkey/v1/session.ts';
import { SystemServiceDefinition } from '../../generated/latchkey/v1/system.ts';
import { TokenServiceDefinition } from '../../generated/latchkey/v1/token.ts';
import type { ServiceDefinition } from '../../service-definition.ts';
import { Limits } from './limits.ts';
import { serve } from './methods.ts';
import { checkPolicy, deadlineMs, type MethodPath, POLICY, type Row } from './policy.ts';

const paths = Object.keys(POLICY);
/** The callers and their columns in the table. No object here has an owner, so one login stands for all. */
const CALLERS = {
  nobody: 'nobody',
  revoked: 'nobody',
  'link-daemon': 'daemon',
  user: 'mallory',
  manager: 'manager',
  admin: 'admin',
} as const satisfies Record<string, Column>;
type Caller = keyof typeof CALLERS;

const SERVICES: readonly ServiceDefinition[] = [
  AuthServiceDefinition,
  TokenServiceDefinition,
  LinkServiceDefinition,
  SessionServiceDefinition,
  SystemServiceDefinition,
  HealthDefinition,
  ServerReflectionDefinition,
];
/** The time limits in seconds of the calls that do not have 60 s; "token" lasts as long as its token. */
const OTHER_TIME_LIMITS: Readonly<Partial<Record<MethodPath, number | 'token'>>> = {
  'latchkey.v1.AuthService/Login': 300,
  'latchkey.v1.TokenService/WatchTokens': 'token',
  'latchkey.v1.LinkService/WatchLinks': 'token',
  'latchkey.v1.SessionService/AttachSession': 'token',
  'latchkey.v1.SessionService/ReadOutput': 'token',
  'latchkey.v1.SessionService/WatchSessions': 'token',
  'latchkey.v1.SessionService/EndSession': 75,
  'latchkey.v1.SystemService/WatchActivity': 'token',
  'grpc.health.v1.Health/Watch': 300,
  'grpc.reflection.v1.ServerReflection/ServerReflectionInfo': 300,
};

describe('the policy table', () => {
  it('keeps a server that has a method without a row from starting', () => {
    expect(() => checkPolicy(paths)).not.toThrow();
    expect(() => checkPolicy([...paths, 'latchkey.v1.TokenService/Forge'])).toThrow(
      'methods without a policy row: latchkey.v1.TokenService/Forge',
    );
    expect(() => checkPolicy(paths.slice(1))).toThrow('policy rows without a method');
    expect(() => checkPolicy([...paths, 'constructor'])).toThrow('without a policy row: constructor');
  });

  it('has a line in the table of who may call for each method, and no other', () => {
    expect([...WHO_MAY_CALL.keys()].toSorted()).toEqual(paths.toSorted());
  });

  it('restricts the same methods to this host as the table of who may call', () => {
    const localOnly = Object.entries<Row>(POLICY).filter(([, row]) => row.localOnly);
    const here = paths.filter((path) => WHO_MAY_CALL.get(path)?.remote === 'here');
    expect(localOnly.map(([path]) => path)).toEqual(here);
  });

  it('ends each call after a minute, but for those that a client waits for or listens to', () => {
    const { numbers } = new Limits();
    const limits = SERVICES.flatMap(({ fullName, methods }) =>
      Object.values(methods).map((method) => {
        const path = `${fullName}/${method.name}` as MethodPath;
        const ms = deadlineMs(POLICY[path], method, numbers);
        return [path, ms === undefined ? 'token' : ms / 1000];
      }),
    );
    expect(limits.map(([path]) => path).toSorted()).toEqual(paths.toSorted());
    expect(Object.fromEntries(limits.filter(([, seconds]) => seconds !== 60))).toEqual(OTHER_TIME_LIMITS);
  });

  it('gives the time of a person who types to the messages of a login alone', () => {
    const typed = Object.entries<Row>(POLICY).filter(([, { isTyped }]) => isTyped);
    expect(typed.map(([path]) => path)).toEqual(['latchkey.v1.AuthService/Login']);
  });

  it('types the handlers', () => {
    const health = { check: async () => ({ status: 1 as const }), list: async () => ({ statuses: {} }) };
    // @ts-expect-error Watch is missing
    expect(() => serve(HealthDefinition, health)).not.toThrow();
  });
});

/** Stands for the links and sessions: every method throws NOT_FOUND, so that only admission refuses. */
const nothing = new Proxy(
  { changes: new Feed() },
  {
    get: (target, name) =>
      name === 'changes'
        ? target.changes
        : () => {
            throw new AppError('NOT_FOUND', 'nothing here');
          },
  },
) as never;

describe('each method for each caller', () => {
  let api: ServedApi;
  const authorizations: Record<string, Record<string, string>> = { nobody: {} };
  beforeAll(async () => {
    api = await ServedApi.start({
      links: nothing,
      sessions: nothing,
      managers: ['manager'],
      admins: ['admin'],
    });
    for (const login of ['user', 'manager', 'admin']) {
      authorizations[login] = { authorization: `Bearer ${await api.token(login)}` };
    }
    const daemon = await api.token('manager', { authMethod: 'link-daemon' });
    authorizations['link-daemon'] = { authorization: `Bearer ${daemon}` };
    authorizations.revoked = { authorization: `Bearer ${await api.token('gone')}` };
    await api.revocation.revoke({ login: 'gone' }, 'revoked');
  });
  afterAll(() => api[Symbol.asyncDispose]());

  /** The status that the table demands for a refused caller; undefined for one that must be admitted. */
  function refusal(path: string, caller: Caller): number | undefined {
    const column = CALLERS[caller];
    if (WHO_MAY_CALL.get(path)?.[column] !== 'no') return undefined;
    return column === 'nobody' ? status.UNAUTHENTICATED : status.PERMISSION_DENIED;
  }

  const table = paths.flatMap((path) =>
    (Object.keys(CALLERS) as Caller[]).map((caller) => [caller, path] as const),
  );

  it.each(table)('%s calls %s', async (caller, path) => {
    const session = api.http2();
    // Logout ends the token it is called with, and later calls need theirs.
    const own =
      path.endsWith('/Logout') && refusal(path, caller) === undefined
        ? await freshLike(caller)
        : authorizations[caller];
    const stream = session.request(callHeaders(path, own));
    stream.end(EMPTY);
    const answer = await Promise.race([
      grpcStatus(stream),
      new Promise((resolve) => stream.once('data', resolve)).then(() => 0),
    ]);
    session.destroy();
    const refused = refusal(path, caller);
    expect(answer).not.toBe(status.UNIMPLEMENTED);
    if (refused === undefined)
      expect([status.UNAUTHENTICATED, status.PERMISSION_DENIED]).not.toContain(answer);
    else expect(answer).toBe(refused);
  });

  async function freshLike(caller: string): Promise<Record<string, string>> {
    const isDaemon = caller === 'link-daemon';
    const token = await api.token(
      isDaemon ? 'manager' : caller,
      isDaemon ? { authMethod: 'link-daemon' } : {},
    );
    return { authorization: `Bearer ${token}` };
  }

  it('answers UNIMPLEMENTED to an unknown method', async () => {
    const session = api.http2();
    const stream = session.request(callHeaders('latchkey.v1.TokenService/Forge'));
    stream.end();
    expect(await grpcStatus(stream)).toBe(status.UNIMPLEMENTED);
    session.destroy();
  });
});
