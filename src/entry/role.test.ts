import { expect, it } from 'vitest';
import { roleOf } from './role.ts';

it.each([
  [[], undefined, []],
  [['link'], 'link', []],
  [['link', '--run', '/x'], 'link', ['--run', '/x']],
  [['--run', '/x', 'link', '--daemon'], 'link', ['--run', '/x', '--daemon']],
  [['--run=/x', 'link'], 'link', ['--run=/x']],
  [['--json', '--config', 'serve', 'doctor'], 'doctor', ['--json', '--config', 'serve']],
  [['--run', 'link'], undefined, ['--run', 'link']],
] as const)('%j is about %s', (argv, role, rest) => {
  expect(roleOf(argv)).toEqual({ role, rest });
});
