/** The output of --json has the members and types that its manual page names. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Description, jsonManual } from '../../../src/cli/output/json-manual.ts';
import { type Account, alice, mallory, root } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

let daemon: TestDaemon;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MANUAL = jsonManual();

/** True when `value` has the type that the manual names. */
function isOf(type: string, value: unknown): boolean {
  if (type.endsWith(' or null')) return value === null || isOf(type.slice(0, -' or null'.length), value);
  if (type.startsWith('array of '))
    return Array.isArray(value) && value.every((each) => isOf(type.slice('array of '.length), each));
  if (type === 'any') return true;
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'time') return typeof value === 'string' && TIME.test(value);
  if (type === 'string' || type === 'boolean') return typeof value === type;
  return isAsDescribed(MANUAL.objects[type] ?? {}, value);
}

function isAsDescribed(description: Description, value: unknown): boolean {
  expect(Object.keys(Object(value))).toEqual(Object.keys(description));
  for (const [name, member] of Object.entries(Object(value)))
    expect(isOf(description[name]?.type ?? '', member), `${name}: ${JSON.stringify(member)}`).toBe(true);
  return true;
}

describe('the output of --json', needs('world'), () => {
  beforeAll(async () => {
    daemon = await TestDaemon.start();
    await daemon.link(alice);
    await daemon.cli(alice, ['start', '--', 'true']);
    await daemon.cli(alice, ['start', '--detach', '--', 'sleep', '60']);
  });
  afterAll(() => daemon?.[Symbol.asyncDispose]());

  test('is as its manual says, for every command', async () => {
    const { documents } = MANUAL;
    const check = async (name: string, account: Account, ...argv: string[]): Promise<unknown> => {
      const { stdout } = await daemon.cli(account, [...argv.slice(0, 1), '--json', ...argv.slice(1)]);
      const value: unknown = JSON.parse(stdout);
      expect(documents).toHaveProperty([name]);
      isAsDescribed(documents[name] ?? {}, value);
      return value;
    };
    const tokens = await daemon.as(alice).tokens();
    for (const noun of ['logins', 'tokens', 'links', 'sessions']) await check(`latchkey ${noun}`, root, noun);
    await check('latchkey', alice, '--no-color');
    await check('latchkey', mallory, '--no-color');
    await check('latchkey whoami', alice, 'whoami');
    await check('latchkey tokens show', alice, 'tokens', 'show', tokens[0]?.jti ?? '');
    await check('latchkey links start', alice, 'links', 'start');
    await check('latchkey sessions show, latchkey start --detach', alice, 'start', '--detach', 'true');
    await check('latchkey version', alice, 'version');
    await check('latchkey config check', root, 'config', 'check', '--config', daemon.configFile);
    await check('latchkey config show', root, 'config', 'show', '--config', daemon.configFile);
    const verify = await daemon.cli(root, ['tokens', '--json', 'verify'], { input: 'nonsense' });
    isAsDescribed(documents['latchkey tokens verify'] ?? {}, JSON.parse(verify.stdout));
    const ended = 'latchkey logout, tokens revoke, links stop, sessions end';
    await check(ended, root, 'tokens', 'revoke', '--login', 'alice');
    await daemon.link(alice);
    await check(ended, alice, 'logout');
  });

  test('is as its manual says in each line of a watch', async () => {
    const link = await daemon.link(mallory);
    const runs = ['tokens', 'links', 'sessions'].map((noun) => {
      return [noun, daemon.begin(mallory, [noun, '--json', '--watch'])] as const;
    });
    await Promise.all(runs.map(([, run]) => run.printed(/complete/)));
    // A program that ends at once may come and go between two lines of the links.
    await daemon.cli(mallory, ['start', '--detach', 'sleep', '60']);
    await Promise.all(
      runs.slice(1).map(([noun, run]) => run.printed(new RegExp(`complete[^]*${noun.slice(0, -1)}`))),
    );
    await daemon.cli(root, ['tokens', 'revoke', '--login', 'mallory', '--end-sessions']);
    for (const [noun, run] of runs) {
      const { stdout, stderr } = await run.finished;
      for (const line of stdout.trim().split('\n')) {
        const { event }: { event: string } = JSON.parse(line);
        isAsDescribed(MANUAL.events[`latchkey ${noun} --watch: ${event}`] ?? {}, JSON.parse(line));
      }
      isAsDescribed(MANUAL.failure, JSON.parse(stderr));
    }
    await link.finished;
  });

  test('is as its manual says for errors, on standard error', async () => {
    const wrong = [
      [['whoami', '--json', '--token-file', '/dev/null'], 'TOKEN_INVALID', 3],
      [['tokens', '--json', '--nonsense'], 'USAGE', 2],
      [['tokens', '--json', 'show', 'nobody'], 'NOT_FOUND', 5],
    ] as const;
    for (const [argv, reason, wanted] of wrong) {
      const { status, stdout, stderr } = await daemon.cli(root, argv);
      expect([status, stdout, stderr.split('\n').length]).toEqual([wanted, '', 2]);
      isAsDescribed(MANUAL.failure, JSON.parse(stderr));
      expect(JSON.parse(stderr)).toMatchObject({ error: { reason, status: wanted } });
    }
  });
});
