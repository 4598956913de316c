import { appendFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../../test/support/needs.ts';
import { checkShadow, shadowProblems } from './shadow.ts';

const DAY_MS = 86_400_000;
const LAST_DAY = 20_000;
/** Names, and the fields of shadow(5) that count: the password and the day on which the account expires. */
const ACCOUNTS: Readonly<Record<string, readonly [string, number | '']>> = {
  'shadow-usable': ['$y$hash', ''],
  'shadow-locked': ['!$y$hash', ''],
  'shadow-locked-twice': ['!!$y$hash', ''],
  'shadow-never-had-one': ['!', ''],
  'shadow-without': ['*', ''],
  'shadow-without-and-locked': ['!*', ''],
  'shadow-expiring': ['$y$hash', LAST_DAY],
  'shadow-locked-expiring': ['!$y$hash', LAST_DAY],
};

describe('accounts in shadow', needs('world'), () => {
  beforeAll(() => {
    const lines = Object.entries(ACCOUNTS).map(
      ([name, [password, lastDay]]) => `${name}:${password}:19000:0:99999:7::${lastDay}:\n`,
    );
    appendFileSync('/etc/shadow', lines.join(''));
  });

  const problemsAt = async (nowMs: number) =>
    Object.fromEntries(await shadowProblems(Object.keys(ACCOUNTS), nowMs));
  const locked = {
    'shadow-locked': 'it is locked',
    'shadow-locked-twice': 'it is locked',
    'shadow-locked-expiring': 'it is locked',
  };

  test('may start nothing while their password is locked, which one that never had any is not', async () => {
    expect(await problemsAt(0)).toEqual(locked);
  });

  test('may start nothing from the day on which they expire', async () => {
    expect(await problemsAt(LAST_DAY * DAY_MS - 1)).toEqual(locked);
    expect(await problemsAt(LAST_DAY * DAY_MS)).toEqual({ ...locked, 'shadow-expiring': 'it has expired' });
  });

  test('are refused with the reason', async () => {
    await expect(checkShadow('shadow-usable', 0)).resolves.toBeUndefined();
    const refused = { reason: 'NOT_ELIGIBLE', message: expect.stringMatching(/it is locked$/) };
    await expect(checkShadow('shadow-locked', 0)).rejects.toMatchObject(refused);
  });
});
