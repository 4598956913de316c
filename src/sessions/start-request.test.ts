import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TokenClaims } from '../token/claims.ts';
import { signalNumber } from './signal-number.ts';
import { checkStart, type StartRequest } from './start-request.ts';

const claims: TokenClaims = { sub: 'a', iss: 'i', jti: 'j', iat: 1, exp: 2, authMethod: 'link' };
const plain: StartRequest = { claims, command: ['true'], environment: {}, directory: '', input: false };
/** Bytes of a request: its texts, each with a NUL, also an empty directory, and its first input. */
const MAX_BYTES = 128 * 1024;
const LONGEST_ARGUMENT = MAX_BYTES - 'echo,,,'.length;
const LONGEST_VALUE = MAX_BYTES - 'true,,A,,'.length;
const LONGEST_MEMBER = MAX_BYTES - 'true,,'.length - '{"a":""}\n'.length;
const INVALID = expect.objectContaining({ reason: 'INVALID_ARGUMENT' }) as Error;

describe('a start', () => {
  test.for<[string, Partial<StartRequest>]>([
    ['no command', { command: [] }],
    ['no program', { command: ['', 'x'] }],
    ['NUL in the command', { command: ['true', 'a\0b'] }],
    ['NUL in a variable', { environment: { A: 'a\0b' } }],
    ['a reserved variable', { environment: { LATCHKEY_SESSION_ID: 'x' } }],
    ['a name with =', { environment: { 'A=B': 'x' } }],
    ['a name with a digit first', { environment: { '1A': 'x' } }],
    ['an empty name', { environment: { '': 'x' } }],
    ['a relative directory', { directory: 'here' }],
    ['NUL in the directory', { directory: '/a\0' }],
    ['a directory that is too long', { directory: `/${'x'.repeat(4095)}` }],
    ['a command that is one byte too long', { command: ['echo', 'x'.repeat(LONGEST_ARGUMENT + 1)] }],
    ['a variable that is one byte too long', { environment: { A: 'x'.repeat(LONGEST_VALUE + 1) } }],
    ['first input that is one byte too long', { stdin: { a: 'x'.repeat(LONGEST_MEMBER + 1) } }],
  ])('is refused: %s', ([, change]) => {
    expect(() => checkStart({ ...plain, ...change })).toThrow(INVALID);
  });

  test.for<[string, Partial<StartRequest>]>([
    ['the longest path', { directory: `/${'x'.repeat(4094)}` }],
    ['the longest command', { command: ['echo', 'x'.repeat(LONGEST_ARGUMENT)] }],
    ['the longest variable', { environment: { A: 'x'.repeat(LONGEST_VALUE) } }],
    ['the longest first input', { stdin: { a: 'x'.repeat(LONGEST_MEMBER) } }],
  ])('is accepted: %s', ([, change]) => {
    expect(() => checkStart({ ...plain, ...change })).not.toThrow();
  });

  test('accepts valid arguments, variables and directories', () => {
    const request = {
      ...plain,
      command: ['echo', '', '\u{1f511}', '-n'],
      environment: { _a1: '', PATH: '/x' },
      directory: '/',
    };
    expect(checkStart(request).firstInput.length).toBe(0);
  });

  test('drops members that only the server may set (DESIGN 8)', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 2 })), (told) => {
        const stdin = { ...told, userData: { admin: true }, login: 'root', user: 'root', groups: ['wheel'] };
        const line = checkStart({ ...plain, stdin }).firstInput.toString();
        expect(line.endsWith('\n')).toBe(true);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const { userData: _a, login: _b, user: _c, groups: _d, ...rest } = stdin as Record<string, unknown>;
        expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(rest)));
      }),
      { numRuns: 50 },
    );
  });

  test('keeps reserved names in nested objects', () => {
    expect(checkStart({ ...plain, stdin: { form: { user: 'x' } } }).firstInput.toString()).toBe(
      '{"form":{"user":"x"}}\n',
    );
  });
});

describe('a signal', () => {
  test.for([
    ['TERM', 15],
    ['SIGTERM', 15],
    ['15', 15],
    ['9', 9],
    ['64', 64],
    ['HUP', 1],
  ] as const)('%s is %d', ([name, number]) => {
    expect(signalNumber(name)).toBe(number);
  });

  test.for(['', '0', '65', '-9', '9.0', 'term', 'SIGSIGTERM', 'constructor', '__proto__', '015x'])(
    'refuses %j',
    (name) => {
      expect(() => signalNumber(name)).toThrow(INVALID);
    },
  );
});
