import { describe, expect, test } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import { type LinkProcess, me, World } from '../../test/support/link/supervisor-world.ts';
import { ROOT } from '../../test/support/server/authority.ts';
import { insertSession } from '../store/tables/sessions.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Selection } from './revocation.ts';

const PLAIN = { environment: {}, directory: '', input: false };
const ANYBODY = { login: '', seesAll: true };
/** A shell that prints a line and then waits for a child: two processes. */
const TWO = { command: ['sh', '-c', 'sleep 60 & echo here; wait'], ...PLAIN };

async function started(world: World, claims: TokenClaims): Promise<string> {
  const { id } = await world.sessions.start({ claims, ...TWO });
  for await (const _ of world.sessions.readOutput({ claims, sessionId: id, offset: 0, follow: true })) break;
  return id;
}

async function claimsOf(world: World, { jti }: Pick<LinkProcess, 'jti'>): Promise<TokenClaims> {
  const claims = await world.authority.get(jti);
  if (!claims) throw new Error('no token');
  return claims;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('revoking a token (X1)', () => {
  test('ends its link and keeps its sessions', async () => {
    await using world = await World.open();
    const own = await world.link();
    const claims = await claimsOf(world, own);
    const id = await started(world, claims);
    const receipt = await world.revocation.revoke({ jtis: [own.jti] }, 'logout', ROOT);
    expect(receipt).toMatchObject({
      jtis: [own.jti],
      links: [own.socket],
      sessions: [],
      keptSessions: [id],
      stillRunning: [{ sessionId: id }],
      processes: 0, // programs' processes
      survivors: [],
      verifiedBy: 'daemon',
    });
    await world.until('its end', () => own.child.exitCode ?? undefined);
    expect(own.child.exitCode).toBe(0);
    const daemon = await world.linkDaemon();
    await world.session(id, ({ socket }) => socket === daemon.socket);
    await world.end(id);
  });

  test('with on_revoke "end" ends its own sessions only, and first', async () => {
    await using world = await World.open({ onRevoke: 'end' });
    await world.linkDaemon();
    const mine = await world.login();
    const other = await world.login();
    const id = await started(world, mine);
    const kept = await started(world, other);
    const receipt = await world.revocation.revoke({ jtis: [mine.jti] }, 'revoked');
    expect(receipt).toMatchObject({
      links: [],
      sessions: [id],
      keptSessions: [],
      survivors: [],
      verifiedBy: 'both',
    });
    expect(receipt.processes).toBeGreaterThanOrEqual(2);
    expect(await world.sessions.get(ANYBODY, id)).toMatchObject({ state: 'ended' });
    expect(await world.sessions.get(ANYBODY, kept)).toMatchObject({ state: 'running' });
  });

  test('with on_revoke "end" ends both the link and the sessions of a token', async () => {
    await using world = await World.open({ onRevoke: 'end' });
    const own = await world.link();
    const id = await started(world, await claimsOf(world, own));
    const receipt = await world.revocation.revoke({ jtis: [own.jti] }, 'revoked');
    expect(receipt).toMatchObject({ links: [own.socket], sessions: [id], survivors: [] });
  });

  test('keeps the link daemon when the last login ends (F31)', async () => {
    await using world = await World.open();
    const daemon = await world.linkDaemon();
    const { jti } = await world.login();
    expect(await world.revocation.revoke({ jtis: [jti] }, 'logout')).toMatchObject({
      links: [],
      processes: 0,
    });
    expect(world.links.get(daemon.socket).state).toBe('ready');
    expect(isAlive(daemon.pid)).toBe(true);
  });

  test('with shutdown_on_logout ends the link daemon with the last login (F31)', async () => {
    await using world = await World.open({ shutdownOnLogout: true });
    const daemon = await world.linkDaemon();
    const first = await world.login();
    const last = await world.login();
    expect(await world.revocation.revoke({ jtis: [first.jti] }, 'logout')).toMatchObject({
      links: [],
      processes: 0,
    });
    expect(isAlive(daemon.pid)).toBe(true);
    const receipt = await world.revocation.revoke({ jtis: [last.jti] }, 'logout');
    expect(receipt).toMatchObject({ links: [daemon.socket], processes: 0, survivors: [] });
    expect(world.authority.isActive(daemon.jti)).toBe(false);
    expect(await world.sockets()).toEqual([]);
  });

  test('with shutdown_on_logout keeps it for another token of a login of another name (F31, V1)', async () => {
    await using world = await World.open({ shutdownOnLogout: true });
    const daemon = await world.linkDaemon();
    const tokens = [await world.login('ann@example.org'), await world.login('ann@example.org')];
    for (const [{ jti }, links] of [
      [tokens[0], []],
      [tokens[1], [daemon.socket]],
    ] as [TokenClaims, string[]][])
      expect(await world.revocation.revoke({ jtis: [jti] }, 'logout')).toMatchObject({ links });
  });

  test('with on_revoke "end" ends a session that is just starting', async () => {
    await using world = await World.open({ onRevoke: 'end' });
    const daemon = await world.linkDaemon();
    for (let round = 0; round < 5; round += 1) {
      const claims = await world.login();
      const starting = world.sessions.start({ claims, ...TWO }).catch((error: unknown) => error);
      const running = (): ReadonlyMap<string, number> =>
        world.links.forSocket(daemon.socket)?.running ?? new Map<string, number>();
      while (running().size === 0) await new Promise((resolve) => setImmediate(resolve));
      const [id] = running().keys();
      const receipt = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
      await starting;
      expect(receipt.sessions).toEqual([id]);
      expect(running().size).toBe(0);
    }
  });

  test('kills a link that does not answer, and reports it', async () => {
    await using world = await World.open();
    const own = await world.link();
    process.kill(own.pid, 'SIGSTOP');
    const receipt = await world.revocation.revoke({ jtis: [own.jti] }, 'revoked');
    expect(receipt).toMatchObject({ links: [own.socket], verifiedBy: 'daemon', survivors: [] });
    await world.until('its end', () => own.child.signalCode ?? undefined);
    expect(own.child.signalCode).toBe('SIGKILL');
  });

  test('ends a link whose connection is lost meanwhile', async () => {
    await using world = await World.open();
    const own = await world.link();
    const end = world.links.prepareEnd(own.socket);
    await world.links.prepareEnd(own.socket)?.(false);
    expect(world.links.find(own.socket)).toBeUndefined();
    expect(await end?.(true)).toMatchObject({ hasEnded: true, survivors: [] });
  });

  test('with on_revoke "end" ends what others run on a link daemon whose token it is', async () => {
    await using world = await World.open({ onRevoke: 'end' });
    const daemon = await world.linkDaemon();
    const id = await started(world, await world.login('somebody'));
    const receipt = await world.revocation.revoke({ jtis: [daemon.jti] }, 'revoked');
    expect(receipt).toMatchObject({ links: [daemon.socket], sessions: [id], survivors: [] });
    expect(await world.sessions.get(ANYBODY, id)).toMatchObject({ state: 'ended' });
  });

  test('of a login with its sessions ends those of tokens that ended earlier, too (X1)', async () => {
    await using world = await World.open();
    await world.linkDaemon();
    const { jti, ...claims } = await world.login('somebody');
    const id = await started(world, { ...claims, jti });
    expect(await world.revocation.revoke({ jtis: [jti] }, 'revoked')).toMatchObject({ keptSessions: [id] });
    const all = { login: 'somebody', endSessions: true };
    expect(await world.revocation.revoke(all, 'revoked', ROOT)).toMatchObject({ jtis: [], sessions: [id] });
  });

  test('of a login keeps those if it is not asked for them, even with on_revoke "end"', async () => {
    await using world = await World.open({ onRevoke: 'end' });
    const earlier = sessionRow('earlier', { login: 'somebody', uid: me.uid });
    await world.store.commit((tx) => insertSession(tx, earlier));
    await world.login('somebody');
    const sessionsOf = async (selection: Selection): Promise<readonly string[]> =>
      (await world.revocation.preview(selection, 'revoked', ROOT)).sessions;
    expect(await sessionsOf({ login: 'somebody' })).toEqual([]);
    expect(await sessionsOf({ login: 'somebody', endSessions: true })).toEqual(['earlier']);
  });

  test('starts nothing on a link daemon that is being ended', async () => {
    await using world = await World.open();
    const daemon = await world.linkDaemon();
    const claims = await world.login();
    const end = world.links.prepareEnd(daemon.socket);
    expect(world.links.acceptingDaemon({ name: me.username, uid: me.uid })).toBeUndefined();
    const start = world.sessions.start({ claims, command: ['true'], ...PLAIN });
    await expect(start).rejects.toMatchObject({ reason: 'LINK_REQUIRED' });
    await end?.(true);
  });

  test("starts nothing on a token's own link that is being ended, nor on that of another token", async () => {
    await using world = await World.open();
    const own = await world.link();
    const claims = await claimsOf(world, own);
    const lost = expect.objectContaining({ reason: 'LINK_LOST' });
    expect(world.links.forClaims(claims, me.uid).info.socket).toBe(own.socket);
    expect(() => world.links.forClaims({ ...claims, jti: 'another' }, me.uid)).toThrow(lost);
    const end = world.links.prepareEnd(own.socket);
    expect(() => world.links.forClaims(claims, me.uid)).toThrow(lost);
    expect(world.links.forUid(me.uid)).toBeUndefined();
    await end?.(true);
  });

  test('by logging out is always allowed, even where revoking is denied (X2)', async () => {
    await using world = await World.open({ roles: { max: 'admin' } });
    const claims = await world.login('max');
    const by = { claims, role: 'manager' as const };
    const denied = { reason: 'PERMISSION_DENIED' };
    await expect(world.revocation.revoke({ login: 'max' }, 'revoked', by)).rejects.toMatchObject(denied);
    expect((await world.revocation.revoke({ login: 'max' }, 'logout', by)).jtis).toEqual([claims.jti]);
  });

  test('happens as well when its link is stopped', async () => {
    await using world = await World.open();
    const own = await world.link();
    expect(await world.stopLink(own.socket)).toMatchObject({
      jtis: [own.jti],
      links: [own.socket],
      verifiedBy: 'daemon',
    });
    await expect(world.stopLink(own.socket)).rejects.toMatchObject({ reason: 'NOT_FOUND' });
  });
});

describe('a link that is gone without a revocation', () => {
  /** Kills a link; resolves once the revocation of its token is over, with its line in the audit log. */
  async function killed(world: World, { pid, jti }: Pick<LinkProcess, 'pid' | 'jti'>) {
    process.kill(pid, 'SIGKILL');
    return world.until('the end of its token', () =>
      world.logged.map(({ details }) => details as AuditLine).find(({ jtis }) => jtis?.includes(jti)),
    );
  }

  interface AuditLine {
    readonly jtis?: readonly string[];
    readonly sessions?: readonly string[];
    readonly links?: readonly string[];
  }

  test('leaves its sessions to the next one, even with on_revoke "end" (X4)', async () => {
    await using world = await World.open({ onRevoke: 'end' });
    const own = await world.link();
    const daemon = await world.linkDaemon();
    const ids = [await started(world, await claimsOf(world, own)), await started(world, await world.login())];
    for (const link of [own, daemon]) expect(await killed(world, link)).toMatchObject({ sessions: [] });
    const next = await world.linkDaemon();
    for (const id of ids) {
      const session = await world.session(
        id,
        ({ socket, state }) => socket === next.socket || state === 'ended',
      );
      expect(session.state, 'its program').toBe('running');
    }
  });

  test('leaves the link daemon of its user, even with shutdown_on_logout', async () => {
    await using world = await World.open({ shutdownOnLogout: true });
    const daemon = await world.linkDaemon();
    expect(await killed(world, await world.link())).toMatchObject({ links: [] });
    expect(world.authority.isActive(daemon.jti)).toBe(true);
    expect(world.links.get(daemon.socket).state).toBe('ready');
  });
});
