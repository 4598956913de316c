import { describe, expect, test } from 'vitest';
import { isAppError } from '../../errors.ts';
import { LINK_COMMAND, SUDO, sudoCommand } from './sudo.ts';

/** Returns the command by which sudo would start the link of an account, or why it must not. */
function commandFor(name: string, uid = 7001): readonly string[] | string {
  try {
    return sudoCommand({ name, uid }, LINK_COMMAND);
  } catch (error) {
    if (isAppError(error, 'UNAVAILABLE') || isAppError(error, 'NOT_ELIGIBLE')) return error.message;
    throw error;
  }
}

const UNNAMEABLE = /cannot be passed to sudo$/;

describe('the command that starts a link', () => {
  test.each(['alice', '_apt', 'a1', 'first.last@example-domain'])('names the user %s', (name) => {
    const command = commandFor(name);
    // The programs need not be installed here.
    if (typeof command === 'string') expect(command).toMatch(/^\/usr\/bin\/\w+ is missing$/);
    else expect(command).toEqual([SUDO, '-n', '-u', name, ...LINK_COMMAND]);
  });

  test.each([
    ['a uid', ['#7001', '#0', '7001', '+7001']],
    ['a group', ['%wheel', '%#0']],
    ['an option', ['-u', '--', '-']],
    ['nothing', ['', ' ']],
    ['something else', ['a b', 'a\n', 'a\nb', 'a;b', 'a/b', "a'b", '$HOME', 'a\0', 'ü', '*', '!a', 'a\\b']],
    ['an account with capitals', ['Alice', 'ROOT']],
  ])('never names what sudo could take for %s', (_what, names) => {
    for (const name of names) expect(commandFor(name), JSON.stringify(name)).toMatch(UNNAMEABLE);
  });

  test.each(['root', 'toor', 'alice'])('is never for uid 0, also under the name %s', (name) => {
    expect(commandFor(name, 0)).toBe('sudo must not start a link for uid 0');
  });
});
