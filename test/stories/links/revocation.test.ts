/** Revokes logins: at once, with everything that depends on them, and with a receipt. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Account, administrator, bob, type Run, runAs, user } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import type { Receipt } from '../../support/server/caller.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { Rpc } from '../../support/server/rpc.ts';
import { openDashboard } from '../../support/terminal/dashboard.ts';

let daemon: TestDaemon;
let link: Run;

/** Starts a server with these settings, and logs the user in through a link. */
async function begin(config: Record<string, unknown> = {}): Promise<void> {
  daemon = await TestDaemon.start({ config });
  link = await daemon.link(user);
}

/** Returns a copy of the token, as a thief would have: the link removes only the file. */
function copiedToken(account: Account): string {
  const folder = daemon.serverFile.address.replace(':', '_');
  return readFileSync(join(account.home, '.config/latchkey/servers', folder, 'token'), 'utf8').trim();
}

/** Returns why the server refuses a call with this token; undefined when it does not. */
async function refusalOf(token: string): Promise<string | undefined> {
  using rpc = new Rpc(daemon.serverFile);
  return (await rpc.unary('/latchkey.v1.AuthService/WhoAmI', undefined, token)).reason;
}

describe('revocation', () => {
  afterEach(() => daemon?.[Symbol.asyncDispose]());

  test(
    'by the administrator: the token is refused at once, its link is gone, the receipt is complete (F3, X1)',
    needs('world'),
    async () => {
      await begin();
      const token = await daemon.as(user).token();
      const copy = copiedToken(user);
      expect(await refusalOf(copy)).toBe(undefined);
      const receipt = await daemon.as(administrator).revoke(token.jti, '--local-admin');
      expect(receipt).toMatchObject({ jtis: [token.jti], links: [token.socket], survivors: [] });
      expect(receipt).toMatchObject({ sessions: [], keptSessions: [], processes: 0, verifiedBy: 'daemon' });
      expect(receipt.stillRunning).toEqual([]);
      expect(receipt.milliseconds).toBeGreaterThanOrEqual(0);
      expect(await refusalOf(copy)).toBe('TOKEN_NOT_ACTIVE');
      const refused = await daemon.cli(user, ['whoami']);
      expect(refused.status).toBe(3);
      expect(refused.stderr).toMatch(/^latchkey: .*\n$/);
      expect(await link.finished).toMatchObject({ signal: null });
      const tokens = await daemon.as(administrator).tokens('--local-admin');
      expect(tokens.map((other) => other.jti)).not.toContain(token.jti);
    },
  );

  test('a dry run says what would end and what would keep running, and ends nothing (X1)', async () => {
    await begin();
    const token = await daemon.as(user).token();
    const id = (await daemon.cli(user, ['start', '--detach', '--', 'sleep', '60'])).stdout.trim();
    const words = {
      revoke: ['tokens', 'revoke', token.jti],
      login: ['tokens', 'revoke', '--login', token.login],
      stop: ['links', 'stop', token.socket ?? ''],
      end: ['sessions', 'end', id, '--grace', '0'],
    };
    const dry = async (argv: readonly string[]) => {
      const { receipt } = (await daemon.json(user, [...argv, '--dry-run'])) as { receipt: Receipt };
      const { stillRunning, ...rest } = receipt;
      return { ...rest, stillRunning: stillRunning.map(({ sessionId, socket }) => sessionId ?? socket) };
    };
    const unknown = { processes: 0, milliseconds: 0, survivors: [], verifiedBy: null, validateOnly: true };
    const withLink = {
      ...unknown,
      jtis: [token.jti],
      links: [token.socket],
      sessions: [],
      keptSessions: [id],
      stillRunning: [id],
      stillRunningTotal: 1,
    };
    expect(await dry(words.revoke)).toEqual(withLink);
    // The local administrator of a user's own server has the same login.
    const ofLogin = (await daemon.as(user).tokens()).filter(({ login }) => login === token.login);
    const ended = await dry(words.login);
    expect({ ...ended, jtis: new Set(ended.jtis) }).toEqual({
      ...withLink,
      jtis: new Set(ofLogin.map(({ jti }) => jti)),
    });
    expect(await dry(words.stop)).toEqual(withLink);
    expect(await dry(words.end)).toEqual({
      ...unknown,
      jtis: [],
      links: [],
      sessions: [id],
      keptSessions: [],
      stillRunning: [token.socket],
      stillRunningTotal: 1,
    });
    const { stdout } = await daemon.cli(user, [...words.stop, '--dry-run']);
    expect(stdout).toMatch(
      new RegExp(`^Would keep running:\\n {2}session {2}${id} {2}${user.name} {2}pid \\d+ {2}sleep 60\\n`),
    );
    expect(stdout).toContain(
      `Would end 1 token and 1 link.\n  token    ${token.jti}\n  link     ${token.socket}\n`,
    );
    expect((await daemon.cli(user, ['tokens', 'revoke', 'never', '--dry-run'])).status).toBe(5);
    expect(await daemon.cli(user, ['sessions', 'end', id])).toMatchObject({ status: 0 });
    expect(await daemon.as(user).revoke(token.jti)).toMatchObject({
      jtis: [token.jti],
      links: [token.socket],
    });
  });

  test('a dry run is refused to those who are not logged in', needs('world'), async () => {
    await begin();
    const { jti } = await daemon.as(user).token();
    expect(await daemon.cli(bob, ['tokens', 'revoke', jti, '--dry-run'])).toMatchObject({ status: 3 });
  });

  test('sessions keep running by default, and can be read after the next login', async () => {
    await begin();
    const go = join(daemon.folder, 'go');
    const script = `echo before; until [ -e ${go} ]; do sleep 0.1; done; echo after; exit 4`;
    const id = (await daemon.cli(user, ['start', '--detach', '--', 'sh', '-c', script])).stdout.trim();
    const receipt = await daemon.as(user).logout();
    expect(receipt).toMatchObject({ sessions: [], keptSessions: [id] });
    await link.finished;
    link = await daemon.link(user);
    writeFileSync(go, '');
    expect(await daemon.cli(user, ['attach', id])).toMatchObject({ stdout: 'before\nafter\n', status: 4 });
  });

  test('with on_revoke: end, sessions end with every process they started (X3)', needs('tmux'), async () => {
    await begin({ sessions: { on_revoke: 'end' } });
    const script =
      'trap "" TERM HUP; setsid sh -c "trap \'\' TERM; sleep 987" & (sleep 988 &) ; ' +
      // without a parent, and without the process session or the environment of the others
      '(setsid sleep 986 &) ; (env -i sleep 985 &) ; sleep 989';
    daemon.begin(user, ['start', '--', 'sh', '-c', script]);
    const processes = async (): Promise<string> => {
      const { status, stdout } = await runAs(administrator, ['ps', '-eo', 'args']).finished;
      expect(status).toBe(0);
      expect(stdout).toMatch(/^ps -eo args$/m);
      return stdout;
    };
    await expect
      .poll(async () => (await processes()).match(/^sleep 98[5-9]$/gm)?.sort(), { timeout: 10_000 })
      .toEqual([985, 986, 987, 988, 989].map((seconds) => `sleep ${seconds}`));
    using screen = await openDashboard(daemon, user, '--screen tokens');
    screen.press('x');
    await screen.shows(/Ends 1 token, 1 link and 1 running session\./);
    screen.press('n', 'q');
    const receipt = await daemon.as(user).logout();
    expect(receipt.sessions).toHaveLength(1);
    expect(receipt).toMatchObject({ survivors: [], verifiedBy: 'both' });
    expect(receipt.processes).toBeGreaterThanOrEqual(6);
    // Found by their names: a keeper that is just ending has the script among its arguments.
    expect(await processes()).not.toMatch(/^(sleep 98[5-9]|\S*sh -c trap (""|'') TERM)/m);
  });

  test("log out everywhere ends every login of the user and nobody else's (X2)", needs('world'), async () => {
    await begin();
    const other = await daemon.link(user);
    const printed = await daemon.link(user, '--print-token');
    const [line] = await printed.printed(/\S+\n/);
    const copies = [line.trim(), copiedToken(user)];
    await daemon.link(bob);
    const receipt = await daemon.as(user).logout('--everywhere');
    expect(receipt.jtis.length).toBe(3);
    expect(receipt.links.length).toBe(3);
    await Promise.all([link.finished, other.finished, printed.finished]);
    const tokens = await daemon.as(administrator).tokens('--local-admin');
    const left = tokens.map(({ login, authMethod }) => `${authMethod} ${login}`).sort();
    expect(left).toEqual(['link bob', `local ${administrator.name}`]);
    for (const copy of copies) expect(await refusalOf(copy)).toBe('TOKEN_NOT_ACTIVE');
    expect(await refusalOf(copiedToken(bob))).toBe(undefined);
  });

  test('open streams are closed', async () => {
    await begin();
    const watch = daemon.begin(user, ['tokens', 'watch', '--json']);
    await watch.printed(/jti/);
    const token = await daemon.as(user).token();
    await daemon.cli(administrator, ['tokens', 'revoke', token.jti, '--local-admin']);
    const { status, stderr } = await watch.finished;
    expect(status).toBe(3);
    expect(JSON.parse(stderr.trim().split('\n').at(-1) ?? '')).toMatchObject({
      error: { reason: 'TOKEN_NOT_ACTIVE', status: 3 },
    });
  });

  test('a token expires, and its link ends with it (F32, A4)', needs('world'), async () => {
    await begin({ tokens: { lifetimes: { link: '5s' } } });
    const copy = copiedToken(user);
    expect(await refusalOf(copy)).toBe(undefined);
    const frozen = await daemon.link(user, '--print-token');
    frozen.kill('SIGSTOP'); // it cannot end itself, so the server has to
    expect(await link.finished).toMatchObject({ signal: null });
    expect(await refusalOf(copy)).toBe('TOKEN_EXPIRED');
    expect(await frozen.finished).toMatchObject({ signal: 'SIGKILL' });
    expect((await daemon.cli(user, ['whoami'])).status).toBe(3);
  });

  test('is still in force after the server was killed', needs('world'), async () => {
    await begin();
    const { jti } = await daemon.as(user).token();
    const copy = copiedToken(user);
    await daemon.cli(administrator, ['tokens', 'revoke', jti, '--local-admin']);
    await daemon.end('SIGKILL');
    await daemon.serve();
    expect(await refusalOf(copy)).toBe('TOKEN_NOT_ACTIVE');
    expect((await daemon.cli(user, ['whoami'])).status).toBe(3);
  });
});
