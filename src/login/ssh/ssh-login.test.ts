import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeSshds, HOST_KEY_LINE, takes } from '../../../test/support/ssh/fake-sshd.ts';
import type { Outcome } from '../outcome.ts';
import { SshLogin } from './ssh-login.ts';

const me = userInfo().username;
const origin = { address: '192.0.2.1', source: 'here' };

let folder: string;
let hostKeys: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-ssh-login-'));
  hostKeys = join(folder, 'host.pub');
  writeFileSync(hostKeys, HOST_KEY_LINE, { mode: 0o644 });
});
afterAll(() => rmSync(folder, { recursive: true }));

const sshds = new FakeSshds();
afterEach(() => sshds.end());

/** Returns the method with an sshd that does what `onConnection` says; only this account may have a link. */
async function loginAt(onConnection: (client: Connection) => void): Promise<SshLogin> {
  const port = await sshds.start(onConnection);
  return new SshLogin({
    settings: () => ({ methods: ['ssh'], ssh: { host: '127.0.0.1', port, hostKeys } }),
    eligible: () => ({ minUid: 0, users: [], self: true }),
    linkDaemons: { ensure: async () => {} },
  });
}

/** Makes one attempt with `answers`; resolves with its outcome. */
async function attempt(login: SshLogin, username: string, ...answers: string[]): Promise<Outcome> {
  const left = [...answers];
  const steps = login.attempt({ username, origin, signal: new AbortController().signal });
  let step = await steps.next();
  while (!step.done) {
    const { value } = step;
    step = await steps.next(value.kind === 'notice' ? [] : value.prompts.map(() => left.shift() ?? ''));
  }
  return step.value;
}

/** Makes an sshd accept any password, and note the names that it was given, each as often as it came. */
function acceptsAnybody(names: string[]) {
  return (client: Connection): void => {
    client.on('authentication', (context) => {
      names.push(context.username);
      if (context.method === 'password') context.accept();
      else context.reject(['password']);
    });
  };
}

describe('a login through sshd', () => {
  it('without a password is refused, and sshd is not asked', async () => {
    const seen: string[] = [];
    const login = await loginAt(takes('secret', seen));
    expect(await attempt(login, me, '')).toEqual({ kind: 'refused', why: 'empty password' });
    expect(await attempt(login, me, 'secret')).toMatchObject({ kind: 'proven', identity: { login: me } });
    await sshds.drained();
    expect(seen).toEqual(['none', `${me}:secret`]);
  });

  it.each([
    ['-oProxyCommand=id'],
    ['#0'],
    ['%wheel'],
    ['../alice'],
    [`${me}\n`],
    [` ${me}`],
    ['0'],
    ['nobodyhere'],
    ['daemon'],
  ])(
    'names to sshd only accounts that may log in, and lets nobody else in, whatever sshd says: %j',
    async (name) => {
      const names: string[] = [];
      const login = await loginAt(acceptsAnybody(names));
      expect(await attempt(login, name, 'secret')).toMatchObject({ kind: 'refused' });
      await sshds.drained();
      const [first] = names;
      expect(first).toMatch(/^nobody-[0-9a-f]{16}$/);
      expect(names).toEqual([first, first]);
    },
  );
});
