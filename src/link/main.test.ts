import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, FakeDaemon } from '../../test/support/link/fake-daemon.ts';
import { Any } from '../generated/google/protobuf/any.ts';
import { ErrorInfo } from '../generated/google/rpc/error_details.ts';
import { Status } from '../generated/google/rpc/status.ts';

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await FakeDaemon.open();
});
afterEach(() => daemon[Symbol.asyncDispose]());

const clientFolder = (): string =>
  join(daemon.config, 'latchkey', 'servers', daemon.address.replace(':', '_'));

function withReason(reason: string): string {
  const value = Buffer.from(ErrorInfo.encode({ reason, domain: 'latchkey.v1', metadata: {} }).finish());
  const detail = Any.fromPartial({ typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo', value });
  return Buffer.from(Status.encode({ code: 7, message: 'no', details: [detail] }).finish()).toString(
    'base64',
  );
}

describe('latchkey link', () => {
  it('stores the token and the CA for the command line, and removes the token when it exits (F24)', async () => {
    const { link } = await daemon.link();
    await eventually(() => link.stderr()).toMatch(
      /^latchkey link: someone is logged in at here .* until \d{4}-/,
    );
    expect(readFileSync(join(clientFolder(), 'token'), 'utf8')).toBe(`${daemon.token()}\n`);
    expect(statSync(join(clientFolder(), 'token')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(clientFolder(), 'ca.pem'), 'utf8')).toBe(daemon.ca);
    link.process.kill('SIGINT');
    expect(await link.exit).toBe(0);
    expect(link.stdout()).toBe('');
    expect(existsSync(join(clientFolder(), 'token'))).toBe(false);
    expect(readdirSync(join(daemon.run, 'links'))).toEqual([]);
  });

  it('--print-token prints only the token', async () => {
    const { link } = await daemon.link(['--print-token']);
    await eventually(() => link.stdout()).toBe(`${daemon.token()}\n`);
    expect(existsSync(clientFolder())).toBe(false);
  });

  it("registers a socket for its user and the folder's group, and its session", async () => {
    let sessionId = '';
    const register = daemon.onRegister;
    daemon.onRegister = (registration) => {
      ({ sessionId } = registration.request);
      return register(registration);
    };
    await daemon.link([], { LATCHKEY_SESSION_ID: 'the-session' });
    expect(sessionId).toBe('the-session');
    expect(daemon.socket).toMatch(new RegExp(`^${process.getuid?.()}\\.[0-9a-f]{32}\\.sock$`));
    expect(statSync(join(daemon.run, 'links', daemon.socket)).mode & 0o777).toBe(0o660);
  });

  it('--daemon goes into the background once it is ready, and keeps its token', async () => {
    daemon.claims = { daemon: true };
    const link = daemon.spawn(['--daemon']);
    expect(await link.exit).toBe(0);
    expect([link.stdout(), link.stderr(), existsSync(clientFolder())]).toEqual(['', '', false]);
    const line = daemon.line;
    expect(await line?.ask({ $case: 'ping', value: {} }, 'done')).toEqual({});
    const { sessions } = (await line?.ask({ $case: 'list', value: {} }, 'sessions')) ?? {};
    expect(sessions).toEqual([]);
    await line?.ask(
      { $case: 'stop', value: { retire: false, endSessions: false, graceMilliseconds: 0 } },
      'stopped',
    );
    await line?.closed;
  });

  it('--daemon says on a terminal that it goes into the background', async () => {
    daemon.claims = { daemon: true };
    const words = [process.execPath, ...daemon.entry, '--run', daemon.run, '--daemon'];
    const terminal = spawn('script', ['-qec', words.join(' '), '/dev/null'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let shown = '';
    terminal.stdout.on('data', (text) => {
      shown += String(text);
    });
    expect(await once(terminal, 'close')).toEqual([0, null]);
    expect(shown).toContain('latchkey link: your link daemon runs in the background, for all your logins;');
    const value = { retire: false, endSessions: false, graceMilliseconds: 0 };
    await daemon.line?.ask({ $case: 'stop', value }, 'stopped');
    await daemon.line?.closed;
  });

  it('--daemon reports within ten seconds why it is not ready', async () => {
    daemon.onRegister = async ({ answer }) =>
      answer({ code: 7, message: 'not you', details: withReason('NOT_ELIGIBLE') });
    const link = daemon.spawn(['--daemon']);
    expect(await link.exit).toBe(1);
    expect(link.stderr()).toBe('latchkey link: not you\n');
  });

  it.each([
    [['--no-such-option'], 2, /see latchkey link --help/],
    [['words'], 2, /see latchkey link --help/],
    [['--daemon', '--print-token'], 2, /print-token/],
    [['--run', 'relative'], 2, /absolute/],
    [['--run', '/no/such/folder'], 6, /no Latchkey server is running.*systemctl start latchkey/],
  ])('%j: status %d and one line', async (words, status, message) => {
    const link = daemon.spawn(words);
    expect(await link.exit).toBe(status);
    expect(link.stderr()).toMatch(message);
    expect(link.stderr().trim().split('\n')).toHaveLength(1);
  });
});

async function expectUntrusted(): Promise<void> {
  const link = daemon.spawn();
  expect(await link.exit).toBe(6);
  expect(link.stderr()).toMatch(/cannot be trusted/);
}

describe('the daemon', () => {
  it.each([
    ['NOT_ELIGIBLE', 4],
    ['LOCAL_ONLY', 4],
    ['LIMIT_EXCEEDED', 1],
  ])('that refuses with %s: its message, and status %d', async (reason, status) => {
    daemon.onRegister = async ({ answer }) =>
      answer({ code: 7, message: 'not for ü', details: withReason(reason) });
    const link = daemon.spawn();
    expect(await link.exit).toBe(status);
    expect(link.stderr()).toBe('latchkey link: not for ü\n');
    expect(readdirSync(join(daemon.run, 'links'))).toEqual([]);
  });

  it('that is not running: status 6 and the next step', async () => {
    rmSync(join(daemon.run, 'server.json'));
    const link = daemon.spawn();
    expect(await link.exit).toBe(6);
    expect(link.stderr()).toMatch(/no Latchkey server is running/);
  });

  it('with another CA: not trusted', async () => {
    await using other = await FakeDaemon.open();
    daemon.writeServerFile({ ca: other.ca });
    const link = daemon.spawn();
    expect(await link.exit).toBe(6);
    expect(link.stderr()).toMatch(/another program answers/);
  });

  it('with another id: not trusted', async () => {
    daemon.writeServerFile({ serverId: `${daemon.serverId}-not` });
    const link = daemon.spawn();
    expect(await link.exit).toBe(6);
    expect(link.stderr()).toMatch(/another program answers/);
  });

  it('whose folder others can write: not trusted', async () => {
    chmodSync(daemon.run, 0o777);
    await expectUntrusted();
    chmodSync(daemon.run, 0o755);
    chmodSync(join(daemon.run, 'links'), 0o777);
    await expectUntrusted();
    rmSync(join(daemon.run, 'links'), { recursive: true });
    symlinkSync('/tmp', join(daemon.run, 'links'));
    await expectUntrusted();
  });

  it('may be slow to start', async () => {
    let calls = 0;
    const register = daemon.onRegister;
    daemon.onRegister = async (registration) => {
      calls += 1;
      if (calls < 3) registration.answer({ code: 14, message: 'starting' });
      else await register(registration);
    };
    await daemon.link();
    expect(calls).toBe(3);
  });
});

describe('another user', () => {
  it('is refused, and receives nothing', async (ctx) => {
    if (process.getuid?.() !== 0) return ctx.skip('needs root, to be somebody else');
    await daemon.link();
    const path = join(daemon.run, 'links', daemon.socket);
    chmodSync(join(daemon.run, 'links'), 0o755);
    chmodSync(path, 0o666);
    const script = `require('net').connect(${JSON.stringify(path)}).on('data', () => console.log('heard')).on('close', () => console.log('closed'))`;
    const child = spawn(process.execPath, ['-e', script], {
      uid: 65_533,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let heard = '';
    child.stdout.on('data', (chunk) => {
      heard += String(chunk);
    });
    await once(child, 'close');
    expect(heard).toBe('closed\n');
    connect(path).destroy();
  });
});
