import fc from 'fast-check';
import type { AuthenticationType, Connection, Prompt as SshPrompt } from 'ssh2';
import { afterEach, describe, expect, it } from 'vitest';
import { connectionTo, FakeSshds } from '../../../../test/support/ssh/fake-sshd.ts';
import type { Person } from '../person.ts';
import { Authentication } from './authentication.ts';
import { SshConnection } from './ssh-connection.ts';

const sshds = new FakeSshds();
afterEach(() => sshds.end());

const unavailable = (message: RegExp) =>
  expect.objectContaining({ reason: 'UNAVAILABLE', message: expect.stringMatching(message) });

/** Makes an sshd ask `requests` by keyboard-interactive, one after the other; it accepts any answers. */
function asks(requests: readonly (readonly SshPrompt[])[], got: string[][]) {
  return (client: Connection): void => {
    client.on('authentication', (context) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      const [first = [], ...others] = requests;
      const next = (prompts: readonly SshPrompt[], left: readonly (readonly SshPrompt[])[]): void =>
        context.prompt([...prompts], 'sshd', 'instruction', (answers) => {
          got.push(answers);
          const [following, ...rest] = left;
          if (following === undefined) context.accept();
          else next(following, rest);
        });
      next(first, others);
    });
  };
}

/** A person who answers every prompt by its number, and remembers what was said and asked. */
function talkative() {
  const heard: unknown[] = [];
  const person: Person = {
    tell: (text) => void heard.push(text),
    ask: async ({ prompts }) => {
      heard.push(prompts.map(({ text }) => text));
      return prompts.map((_prompt, at) => `answer ${at}`);
    },
  };
  return { heard, person };
}

describe('prompts of sshd', () => {
  const hidden = (prompt: string): SshPrompt => ({ prompt, echo: false });
  const shown = (prompt: string): SshPrompt => ({ prompt, echo: true });

  const rows: [string, SshPrompt[][], string[][], unknown[]][] = [
    ['hidden and alone, in any language', [[hidden('Пароль: ')]], [['secret']], []],
    ['without a text', [[hidden('')]], [['secret']], []],
    [
      'visible, before it',
      [[shown('Realm: ')], [hidden('PIN: ')]],
      [['answer 0'], ['secret']],
      [['Realm: ']],
    ],
    ['without any, before it', [[], [hidden('PIN: ')]], [[], ['secret']], []],
    [
      'several in one request',
      [[hidden('Password: '), hidden('Code: ')]],
      [['answer 0', 'answer 1']],
      ['The host wants several answers at once, the password with them:', ['Password: ', 'Code: ']],
    ],
    [
      'the same again',
      [[hidden('Password: ')], [hidden('Wrong.\nPassword: ')]],
      [['secret'], ['answer 0']],
      ['The host asks this again:', ['Wrong.\nPassword: ']],
    ],
    [
      'control characters',
      [[hidden('\x1b[2JHi\nPassword: ')], [shown('\x07Code\x1b]0;x: ')]],
      [['secret'], ['answer 0']],
      ['sshd\ninstruction\n\\x1b[2JHi', ['\\x07Code\\x1b]0;x: ']],
    ],
  ];

  it.each(rows)('%s', async (_kind, requests, answers, told) => {
    const got: string[][] = [];
    const { heard, person } = talkative();
    using _ = await SshConnection.open(connectionTo(await sshds.start(asks(requests, got)), { person }));
    expect(got).toEqual(answers);
    expect(heard.filter((text) => text !== 'sshd\ninstruction')).toEqual(told);
  });

  it('that go on for ever end', async () => {
    const endless = Array.from({ length: 30 }, () => [shown('Again? ')]);
    const port = await sshds.start(asks(endless, []));
    const { person } = talkative();
    await expect(SshConnection.open(connectionTo(port, { person }))).rejects.toEqual(
      unavailable(/too many questions/),
    );
  });

  it('for a new password end with what to do, where sshd asks by the method password', async () => {
    const port = await sshds.start((client) => {
      client.on('authentication', (context) => {
        if (context.method === 'password') context.requestChange('New password: ', () => {});
        else context.reject(['password']);
      });
    });
    await expect(SshConnection.open(connectionTo(port))).rejects.toMatchObject({
      outcome: { kind: 'expired' },
    });
  });

  it('that wait for longer than sshd does are not a refusal', async () => {
    const port = await sshds.start((client) => {
      client.on('authentication', (context) => {
        if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
        context.prompt([shown('Code: ')], () => {});
        setTimeout(() => client.end(), 50);
      });
    });
    const person = { ask: () => new Promise<never>(() => {}), tell: () => {} };
    await expect(SshConnection.open(connectionTo(port, { person }))).rejects.toMatchObject({
      reason: 'DEADLINE_EXCEEDED',
    });
  });
});

describe('the typed password', () => {
  const CODES = ['Verification code: ', "One-time password (OATH) for `alice': "];
  const prompt = fc.record(
    {
      prompt: fc.constantFrom('Password: ', 'Passwort: ', 'New password: ', '', ...CODES),
      echo: fc.boolean(),
    },
    { requiredKeys: ['prompt'] },
  );
  const requests = fc.array(fc.array(prompt, { maxLength: 3 }), { maxLength: 6 });

  it('answers one prompt at most: the first one that is alone, hidden, and asks for no code', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (asked) => {
        const { person } = talkative();
        const credentials = { username: 'alice', password: 'secret', person };
        const authentication = new Authentication(credentials, () => {});
        const answered: number[] = [];
        for (const [at, prompts] of asked.entries())
          if ((await authentication.answer('', '', prompts)).includes('secret')) answered.push(at);
        const first = asked.findIndex(
          ([only, another]) =>
            only !== undefined && another === undefined && !only.echo && !CODES.includes(only.prompt),
        );
        expect(answered).toEqual(first < 0 ? [] : [first]);
      }),
    );
  });
});

describe('an sshd that wants something besides the password', () => {
  /** Connects to an sshd that wants a key, after each of `methods` has succeeded. */
  const chained = async (...methods: string[]) => {
    const left = [...methods];
    const port = await sshds.start((client) => {
      client.on('authentication', (context) => {
        const then = (): void => {
          left.shift();
          context.reject(
            (left.length === 0 ? ['publickey'] : left.slice(0, 1)) as AuthenticationType[],
            true,
          );
        };
        if (context.method !== left[0]) context.reject([left[0] ?? 'publickey'] as AuthenticationType[]);
        else if (context.method === 'keyboard-interactive') context.prompt([], then);
        else then();
      });
    });
    return SshConnection.open(connectionTo(port));
  };
  const wants = { kind: 'incomplete', wants: 'a key' };
  const refusal = { kind: 'refused', why: 'sshd wants a key before any answer' };

  it.each([
    ['after it has accepted one is told so', ['password'], wants],
    ['after it has accepted one besides a text is told so', ['keyboard-interactive', 'password'], wants],
    ['before it, which may be so for one account, is told like a wrong password', [], refusal],
    ['after a text, which anybody gets, is told like a wrong password', ['keyboard-interactive'], refusal],
  ])('%s', async (_when, methods, outcome) => {
    await expect(chained(...methods)).rejects.toMatchObject({ outcome });
  });
});
