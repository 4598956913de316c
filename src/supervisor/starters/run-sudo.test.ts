import { describe, expect, test } from 'vitest';
import { runSudo } from './run-sudo.ts';

/** Returns why `script` counts as a sudo that has started no link; undefined when it has started one. */
const failureOf = (script: string): Promise<string | undefined> =>
  runSudo(['/bin/sh', '-c', script]).then(
    () => undefined,
    (error: Error) => error.message,
  );

describe('a command that runs sudo', () => {
  test('has started a link when it succeeds, whatever it says', async () => {
    expect(await failureOf('echo sudo: warning >&2')).toBeUndefined();
  });

  test('tells why it has not', async () => {
    const failure = await failureOf("echo 'sudo: a password is required' >&2; exit 1");
    expect(failure).toBe('sudo ended with 1: sudo: a password is required');
    expect(await failureOf('kill -KILL $$')).toMatch(/^sudo ended with a signal: /);
  });

  test('tells no more than can be read', async () => {
    const message = await failureOf('head -c 300000 /dev/zero | tr "\\0" x >&2; exit 1');
    expect(message).toMatch(/^sudo ended with 1: x{500}$/);
  });

  test('gets nothing of the environment of the server', async () => {
    process.env.SECRET_OF_A_TEST = 'secret';
    const message = await failureOf('tr "\\0" " " </proc/$$/environ >&2; pwd >&2; exit 1');
    delete process.env.SECRET_OF_A_TEST;
    expect(message).toBe('sudo ended with 1: PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C /');
  });

  test('that cannot be started says so', async () => {
    await expect(runSudo(['/no/such/program'])).rejects.toMatchObject({
      reason: 'UNAVAILABLE',
      message: expect.stringContaining('cannot start /no/such/program') as string,
    });
  });
});
