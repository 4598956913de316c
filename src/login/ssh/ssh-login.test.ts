import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection, ServerConfig } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeSshds, HOST_KEY_LINE, takes } from '../../../test/support/ssh/fake-sshd.ts';
import type { Challenge } from '../method.ts';
import type { Outcome } from '../outcome.ts';
import { SshLogin, type SshLoginOptions } from './ssh-login.ts';

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
async function loginAt(
  onConnection: (client: Connection) => void,
  more: Partial<SshLoginOptions> = {},
  config: Partial<ServerConfig> = {},
): Promise<SshLogin> {
  const port = await sshds.start(onConnection, undefined, config);
  return new SshLogin({
    settings: () => ({ methods: ['ssh'], ssh: { host: '127.0.0.1', port, hostKeys } }),
    eligible: () => ({ minUid: 0, users: [], self: true }),
    linkDaemons: { ensure: async () => {} },
    ...more,
  });
}

function begin(login: SshLogin, username: string): ReturnType<SshLogin['attempt']> {
  return login.attempt({ username, origin, signal: new AbortController().signal });
}

/** Makes one attempt with `answers`; resolves with its outcome. */
async function attempt(login: SshLogin, username: string, ...answers: string[]): Promise<Outcome> {
  const left = [...answers];
  const steps = begin(login, username);
  let step = await steps.next();
  while (!step.done) {
    const { value } = step;
    step = await steps.next(value.kind === 'notice' ? [] : value.prompts.map(() => left.shift() ?? ''));
  }
  return step.value;
}

/** Gives the password, and looks at what is shown then; resolves with that, and with the outcome. */
async function seen(login: SshLogin, look: (challenge: Challenge) => unknown = () => {}) {
  const steps = begin(login, me);
  await steps.next();
  const shown: Challenge[] = [];
  let step = await steps.next(['secret']);
  while (!step.done) {
    shown.push(step.value);
    await look(step.value);
    step = await steps.next([]);
  }
  return { shown, outcome: step.value };
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

/** Makes an sshd ask for the password with `instruction`; it accepts, or asks `again` and goes away. */
function asks(instruction: string, again?: string) {
  const prompts = [{ prompt: 'Password: ', echo: false }];
  return (client: Connection): void => {
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt(prompts, '', instruction, () => {
        if (again === undefined) return context.accept();
        context.prompt(prompts, '', again, () => {});
        setImmediate(() => client.end());
      });
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

  it('asks as for any other name where sshd takes no answer of the account, before it is refused', async () => {
    const names: string[] = [];
    const login = await loginAt((client) =>
      client.on('authentication', (context) => {
        names.push(context.username);
        context.reject([context.username === me ? 'publickey' : 'password']);
      }),
    );
    const why = 'sshd wants a key before any answer';
    expect(await attempt(login, me, 'secret')).toEqual({ kind: 'refused', why });
    await sshds.drained();
    const [first, nobody] = names;
    expect(first).toBe(me);
    expect(nobody).toMatch(/^nobody-[0-9a-f]{16}$/);
    expect(names).toEqual([me, nobody, nobody]);
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

describe('a person who logs in through sshd', () => {
  const notice = (text: string): Challenge => ({ kind: 'notice', text });

  it('types the password unseen', async () => {
    const login = await loginAt(takes('secret'));
    const { value } = await begin(login, me).next();
    expect(value).toMatchObject({ kind: 'prompts', prompts: [{ echo: false }] });
  });

  it('is asked what else sshd asks', async () => {
    const got: string[][] = [];
    const login = await loginAt((client) =>
      client.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        context.prompt([{ prompt: 'Password: ', echo: false }], (...password) => {
          context.prompt([{ prompt: 'Code: ', echo: true }], (...code) => {
            got.push(...password, ...code);
            context.accept();
          });
        });
      }),
    );
    expect(await attempt(login, me, 'secret', '123456')).toMatchObject({ kind: 'proven' });
    expect(got).toEqual([['secret'], ['123456']]);
  });

  it('is told that sshd has not answered yet', async () => {
    const told = Promise.withResolvers<void>();
    const login = await loginAt(
      (client) =>
        client.on('authentication', (context) => {
          if (context.method === 'password') told.promise.then(() => context.accept());
          else context.reject(['password']);
        }),
      { patienceMs: 20 },
    );
    const { shown, outcome } = await seen(login, () => told.resolve());
    expect(shown).toEqual([notice(expect.stringMatching(/has not answered yet; waiting/))]);
    expect(outcome).toMatchObject({ kind: 'proven' });
  });

  it('is shown all that sshd has said, also when it has already let the account in', async () => {
    const ensured = Promise.withResolvers<void>();
    const ensure = async (): Promise<void> => ensured.resolve();
    const login = await loginAt(
      asks('Maintenance at noon'),
      { linkDaemons: { ensure } },
      { banner: 'Hello' },
    );
    const { shown, outcome } = await seen(login, async () => {
      await ensured.promise;
      await nextTurn();
    });
    expect(shown).toEqual([notice('Hello'), notice('Maintenance at noon')]);
    expect(outcome).toMatchObject({ kind: 'proven' });
  });

  it('is not asked for what sshd no longer waits for', async () => {
    const isOver = Promise.withResolvers<void>();
    const login = await loginAt((client) => {
      asks('', 'Once more')(client);
      client.on('close', isOver.resolve);
    });
    const shown: Challenge[] = [];
    const attempted = seen(login, async (challenge) => {
      shown.push(challenge);
      await isOver.promise;
      await nextTurn();
    });
    await expect(attempted).rejects.toMatchObject({ reason: 'DEADLINE_EXCEEDED' });
    expect(shown).toEqual([notice('The host asks this again:')]);
  });
});
