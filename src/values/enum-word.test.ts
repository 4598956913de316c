import { expect, it } from 'vitest';
import { AuthMethod } from '../generated/latchkey/v1/token.ts';
import { enumValue, enumWord, enumWords } from './enum-word.ts';

it('has a word for each value of an enum, and none for what is unspecified or unknown', () => {
  expect(enumWords(AuthMethod)).toEqual([
    'ssh',
    'pam',
    'key',
    'oidc',
    'saml',
    'link',
    'link-daemon',
    'local',
    'ssh-start',
  ]);
  for (const word of enumWords(AuthMethod))
    expect(enumWord(AuthMethod, enumValue(AuthMethod, word))).toBe(word);
  expect(enumWord(AuthMethod, AuthMethod.LINK_DAEMON)).toBe('link-daemon');
  expect([0, -1, 99].map((value) => enumWord(AuthMethod, value))).toEqual([undefined, undefined, undefined]);
  for (const word of ['unspecified', 'LINK_DAEMON', 'link_daemon', 'web-ssh', '', 'constructor'])
    expect(enumValue(AuthMethod, word)).toBeUndefined();
});
