import { expect, test } from 'vitest';
import { loadConfig } from './config.ts';
import { configCheck, configShow } from './show.ts';

const SECRET = 'k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1aQ';

function shown(env: NodeJS.ProcessEnv) {
  return loadConfig({ argv: {}, env, uid: 4_000_000_000, home: '/home/u' });
}

test('every setting is shown with its value and its source, but no secret', () => {
  const config = shown({ LATCHKEY_TOKENS_SECRET: SECRET, LATCHKEY_TOKENS_LIFETIMES: 'link=1h,local=2h' });
  const { lines, json } = configShow(config);
  const columns = lines.map((line) => line.split(/ {2,}/));
  expect(columns[0]).toEqual(['SETTING', 'VALUE', 'SOURCE']);
  expect(columns).toContainEqual([
    'tokens.secret',
    '[secret]',
    'environment variable LATCHKEY_TOKENS_SECRET',
  ]);
  expect(columns).toContainEqual([
    'tokens.lifetimes',
    'link=1h, local=2h',
    'environment variable LATCHKEY_TOKENS_LIFETIMES',
  ]);
  expect(columns).toContainEqual(['paths.run', '/home/u/.local/state/latchkey/run', 'default']);
  expect(columns).toContainEqual(['roles.admin.users', '-', 'default']);
  const all = JSON.stringify({ lines, json });
  expect(all).not.toContain(SECRET);
  expect(all).toContain('{"name":"tokens.secret","value":"[secret]","source":"environment"');
});

test('values are aligned in a column', () => {
  const [header = '', ...lines] = configShow(shown({})).lines;
  const column = header.indexOf('VALUE');
  for (const line of lines) expect(line.slice(column - 2, column + 1)).toMatch(/^ {2}\S$/);
});

test('a check reports a valid configuration and its source', () => {
  const { lines, json } = configCheck(shown({ LATCHKEY_LOG_LEVEL: 'warn' }));
  expect(lines).toEqual(['The configuration is valid (no file, defaults only; self mode; 1 set).']);
  expect(json).toEqual({ ok: true, mode: 'self', file: null, set: 1 });
});
