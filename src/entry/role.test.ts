import { expect, it } from 'vitest';
import { roleOf, wantsRoleHelp } from './role.ts';

it.each([
  [[], undefined, []],
  [['link'], 'link', []],
  [['link', '--run', '/x'], 'link', ['--run', '/x']],
  [['--run', '/x', 'link', '--daemon'], 'link', ['--run', '/x', '--daemon']],
  [['--run=/x', 'link'], 'link', ['--run=/x']],
  [['--json', '--config', 'serve', 'doctor'], 'doctor', ['--json', '--config', 'serve']],
  [['--theme', 'dark', '--ascii', 'tui'], 'tui', ['--theme', 'dark', '--ascii']],
  [['--run', 'link'], undefined, ['--run', 'link']],
] as const)('%j selects the role %s', (argv, role, rest) => {
  expect(roleOf(argv)).toEqual({ role, rest });
});

it.each([
  ['link --help', true],
  ['--config x serve -h', true],
  ['tui host', false],
  ['tui -- --help', false],
  ['start --help', false],
  ['--help', false],
] as const)('%j requests the help of a role: %s', (line, wanted) => {
  expect(wantsRoleHelp(roleOf(line.split(' ')))).toBe(wanted);
});
