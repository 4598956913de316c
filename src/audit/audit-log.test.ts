import { expect, it } from 'vitest';
import type { Session } from '../sessions/session.ts';
import type { TokenClaims } from '../token/claims.ts';
import { AuditLog, type Ended } from './audit-log.ts';

function opened() {
  const lines: object[] = [];
  const log = { info: (details: object, message: string) => void lines.push({ ...details, message }) };
  return { lines, audit: new AuditLog({ log }) };
}

const nothing: Ended = { jtis: [], links: [], sessions: [], keptSessions: [], processes: 0, survivors: [] };

function claims(jti: string, sub: string): TokenClaims {
  return {
    sub,
    jti,
    iss: 'node1',
    iat: 1,
    exp: 3600,
    authMethod: 'ssh',
    user: sub,
    clientIp: '192.0.2.1',
  };
}

function session(state: Session['state'], command: readonly string[], exitStatus?: number): Session {
  const times = { startedAtMs: 1, endedAtMs: undefined, exitStatus, attached: 0, readableFrom: 0 };
  const who = { id: 's1', login: 'alice', linuxUser: 'alice', uid: 1, jti: 'j', socket: undefined };
  return { ...who, command, directory: '', state, ...times };
}

it('logs each token with the addresses of its client and for sshd', () => {
  const { lines, audit } = opened();
  audit.tokenChanged({ kind: 'added', claims: claims('j1', 'alice'), sshFrom: '127.1.2.3' });
  audit.tokenChanged({ kind: 'changed', claims: claims('j1', 'alice') });
  expect(lines).toEqual([
    {
      event: 'issued',
      login: 'alice',
      linuxUser: 'alice',
      jti: 'j1',
      method: 'ssh',
      from: '192.0.2.1',
      sshFrom: '127.1.2.3',
      expires: '1970-01-01T01:00:00.000Z',
      message: 'token issued',
    },
  ]);
});

it('logs of a session its start and end, and no argument', () => {
  const { lines, audit } = opened();
  const command = ['mysql', '--password=hunter2'];
  audit.sessionChanged({ kind: 'changed', session: session('starting', command) });
  audit.sessionChanged({ kind: 'changed', session: session('running', command), before: 'starting' });
  audit.sessionChanged({ kind: 'changed', session: session('running', command) });
  audit.sessionChanged({ kind: 'changed', session: session('ended', command, 7), before: 'running' });
  audit.sessionChanged({ kind: 'removed', session: session('ended', command, 7) });
  expect(lines).toMatchObject([
    { event: 'session-started', session: 's1', login: 'alice', program: 'mysql' },
    { event: 'session-ended', session: 's1', login: 'alice', status: 7 },
  ]);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
  for (const length of [128, 129])
    audit.sessionChanged({
      kind: 'changed',
      session: session('ended', ['x'.repeat(length)]),
      before: 'starting',
    });
  const longest = 'x'.repeat(128);
  const unknown = { status: null };
  expect(lines.slice(2)).toMatchObject([{ program: longest }, unknown, { program: `${longest}…` }, unknown]);
});

it('logs how many processes of a session the kernel has killed for their memory, if any', () => {
  const { lines, audit } = opened();
  for (const oomKills of [2, 0, undefined])
    audit.sessionChanged({
      kind: 'changed',
      session: { ...session('ended', ['hog'], 137), oomKills },
      before: 'running',
    });
  expect(lines).toMatchObject([
    { status: 137, oomKills: 2 },
    { oomKills: undefined },
    { oomKills: undefined },
  ]);
});

it('logs who cordoned, uncordoned and disconnected a session, and whom it was given to', () => {
  const { lines, audit } = opened();
  const by = {
    claims: { sub: 'bob', jti: 'b', authMethod: 'ssh' },
    role: 'manager',
    peer: { address: '192.0.2.7' },
  } as const;
  const running = session('running', ['sh']);
  const cordoned = { ...running, cordon: { message: 'why', by: 'bob', atMs: 1 } };
  const given = { ...running, login: 'dora', readableFrom: 5, startedBy: 'alice' };
  audit.sessionChanged({ kind: 'changed', session: cordoned, act: { kind: 'cordoned', by } });
  audit.sessionChanged({ kind: 'changed', session: cordoned });
  audit.sessionChanged({ kind: 'changed', session: running, act: { kind: 'uncordoned', by } });
  audit.sessionChanged({ kind: 'changed', session: given, loginBefore: 'alice', act: { kind: 'given', by } });
  audit.sessionChanged({ kind: 'changed', session: running, act: { kind: 'disconnected', by, clients: 2 } });
  const common = { session: 's1', by: 'bob', byJti: 'b', byMethod: 'ssh', from: '192.0.2.7' };
  expect(lines).toMatchObject([
    { event: 'session-cordoned', ...common, login: 'alice', cordon: 'why' },
    { event: 'session-uncordoned', ...common, login: 'alice' },
    { event: 'session-given', ...common, login: 'dora', loginBefore: 'alice', readableFrom: 5 },
    { event: 'session-disconnected', ...common, clients: 2 },
  ]);
});

it('logs a revocation with who asked and whose tokens ended, and nothing where nothing ended', () => {
  const { lines, audit } = opened();
  const by = { claims: { sub: 'root', jti: 'r', authMethod: 'local' }, peer: { address: '127.0.0.1' } };
  audit.tokenChanged({ kind: 'removed', claims: claims('j1', 'mallory'), why: 'revoked' });
  audit.revoked({ ...nothing, jtis: ['j1'], processes: 3, survivors: [{ pid: 9 }] }, 'revoked', by);
  audit.revoked(nothing, 'revoked', by);
  expect(lines).toMatchObject([
    {
      event: 'revoked',
      why: 'revoked',
      by: 'root',
      byJti: 'r',
      byMethod: 'local',
      from: '127.0.0.1',
      logins: ['mallory'],
      jtis: ['j1'],
      processes: 3,
      survivors: [9],
    },
  ]);
  audit.revoked({ ...nothing, sessions: ['s1'] }, 'expired');
  expect(lines[1]).toMatchObject({ why: 'expired', by: undefined, sessions: ['s1'] });
});

it('splits what one line of the journal could not hold', () => {
  const { lines, audit } = opened();
  const jtis = Array.from({ length: 450 }, (_, at) => `j${at}`);
  audit.revoked({ ...nothing, jtis, links: ['l1'] }, 'revoked');
  expect(lines.map((line) => (line as Ended).jtis.length)).toEqual([200, 200, 50]);
  expect(lines.map((line) => (line as Ended).links)).toEqual([['l1'], [], []]);
});

it('remembers the logins of at most 10,000 tokens that were removed and not logged', () => {
  const { lines, audit } = opened();
  for (let at = 0; at <= 10_000; at += 1)
    audit.tokenChanged({ kind: 'removed', claims: claims(`j${at}`, `user${at}`), why: 'revoked' });
  audit.revoked({ ...nothing, jtis: ['j0', 'j1', 'j10000'] }, 'revoked');
  expect(lines).toMatchObject([{ logins: ['user1', 'user10000'] }]);
});
