/** Taking a login back: at once, everything that hangs on it, and with a receipt. */
import { afterEach, describe, expect, test } from 'vitest';
import { type Account, alice, myself, type Run, root, runAs } from '../support/account.ts';
import { TestDaemon } from '../support/daemon.ts';
import { missingWorld } from '../support/skip.ts';

const user: Account = missingWorld() ? myself() : alice;
const administrator: Account = missingWorld() ? myself() : root;

interface Receipt {
  jtis: string[];
  links: string[];
  sessions: string[];
  keptSessions: string[];
  processes: number;
  milliseconds: number;
  survivors: unknown[];
  verifiedBy: string;
}

let daemon: TestDaemon;
let link: Run;

/** A daemon with these settings, and a user logged in through a link. */
async function begin(config: Record<string, unknown> = {}): Promise<void> {
  daemon = await TestDaemon.start({ config, ...(missingWorld() ? { as: myself() } : {}) });
  link = await daemon.link(user);
}

async function tokenOf(account: Account): Promise<{ jti: string; socket: string }> {
  const { token } = await daemon.json<{ token: { jti: string; socket: string } }>(account, ['whoami']);
  return token;
}

describe('revocation', () => {
  afterEach(() => daemon?.[Symbol.asyncDispose]());

  test('by the administrator: refused at once, the link gone, the receipt complete (F3, X1)', async () => {
    await begin();
    const token = await tokenOf(user);
    const { receipt } = await daemon.json<{ receipt: Receipt }>(administrator, [
      'tokens',
      'revoke',
      token.jti,
      '--local-admin',
    ]);
    expect(receipt).toMatchObject({ jtis: [token.jti], links: [token.socket], survivors: [] });
    expect(receipt.milliseconds).toBeGreaterThanOrEqual(0);
    const refused = await daemon.cli(user, ['whoami']);
    expect(refused.status).toBe(3);
    expect(refused.stderr).toMatch(/^latchkey: .*\n$/);
    expect(await link.finished).toMatchObject({ signal: null });
    const { tokens } = await daemon.json<{ tokens: { jti: string }[] }>(administrator, [
      'tokens',
      '--local-admin',
    ]);
    expect(tokens.map((other) => other.jti)).not.toContain(token.jti);
  });

  test('sessions go on by default, and are read after the next login', async () => {
    await begin();
    const id = (
      await daemon.cli(user, [
        'start',
        '--detach',
        '--',
        'sh',
        '-c',
        'echo before; sleep 2; echo after; exit 4',
      ])
    ).stdout.trim();
    const { receipt } = await daemon.json<{ receipt: Receipt }>(user, ['logout']);
    expect(receipt).toMatchObject({ sessions: [], keptSessions: [id] });
    await link.finished;
    link = await daemon.link(user);
    expect(await daemon.cli(user, ['attach', id])).toMatchObject({ stdout: 'before\nafter\n', status: 4 });
  });

  test('with on_revoke: end, sessions and all they started end too (X3)', async () => {
    await begin({ sessions: { on_revoke: 'end' } });
    const script =
      'trap "" TERM HUP; setsid sh -c "trap \'\' TERM; sleep 987" & (sleep 988 &) ; echo up; sleep 989';
    const start = daemon.begin(user, ['start', '--', 'sh', '-c', script]);
    await start.printed(/up/);
    const { receipt } = await daemon.json<{ receipt: Receipt }>(user, ['logout']);
    expect(receipt.sessions).toHaveLength(1);
    expect(receipt).toMatchObject({ survivors: [], verifiedBy: 'link' });
    expect(receipt.processes).toBeGreaterThanOrEqual(4);
    const { stdout } = await runAs(administrator, ['ps', '-eo', 'args']).finished;
    expect(stdout).not.toMatch(/sleep 98[789]/);
  });

  test('log out everywhere ends every login of the user and nobody else’s (X2)', async () => {
    await begin();
    const other = await daemon.link(user);
    const printed = await daemon.link(user, '--print-token');
    const { receipt } = await daemon.json<{ receipt: Receipt }>(user, ['logout', '--everywhere']);
    expect(receipt.jtis.length).toBe(3);
    expect(receipt.links.length).toBe(3);
    await Promise.all([link.finished, other.finished, printed.finished]);
    const { tokens } = await daemon.json<{ tokens: { login: string; authMethod: string }[] }>(administrator, [
      'tokens',
      '--local-admin',
    ]);
    expect(tokens.map((token) => token.authMethod)).toEqual(['local']);
  });

  test('a stream under way is cut', async () => {
    await begin();
    const watch = daemon.begin(user, ['tokens', 'watch', '--json']);
    await watch.printed(/jti/);
    const token = await tokenOf(user);
    await daemon.cli(administrator, ['tokens', 'revoke', token.jti, '--local-admin']);
    const { status, stderr } = await watch.finished;
    expect(status).toBe(3);
    expect(stderr).toMatch(/^latchkey: /m);
  });

  test('a token’s time ends, and its link with it (F32, A4)', async () => {
    await begin({ tokens: { lifetimes: { link: '3s' } } });
    expect((await daemon.cli(user, ['whoami'])).status).toBe(0);
    expect(await link.finished).toMatchObject({ signal: null });
    expect((await daemon.cli(user, ['whoami'])).status).toBe(3);
  });

  test('is still in force after the daemon was killed', async () => {
    await begin();
    const { stdout: token } = await daemon.cli(user, ['whoami', '--json']);
    const { jti } = (JSON.parse(token) as { token: { jti: string } }).token;
    await daemon.cli(administrator, ['tokens', 'revoke', jti, '--local-admin']);
    await daemon.end('SIGKILL');
    await daemon.serve();
    expect((await daemon.cli(user, ['whoami'])).status).toBe(3);
  });
});
