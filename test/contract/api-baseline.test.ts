/** The rule that the API stays compatible (build/api-baseline), on copies of proto/ that break it. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');

let copy: string;
beforeEach(() => {
  copy = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'latchkey-api-'));
  mkdirSync(join(copy, 'build'));
  for (const path of ['proto', 'src/link-protocol', 'buf.yaml', 'build/api-baseline', 'build/api-v1.binpb'])
    cpSync(join(root, path), join(copy, path), { recursive: true });
});
afterEach(() => rmSync(copy, { recursive: true }));

/** Runs the check; returns what it says, '' when all is well. */
function check(...words: string[]): string {
  const PATH = `${join(root, 'node_modules/.bin')}:/usr/bin:/bin`;
  try {
    const env = { PATH, HOME: copy };
    execFileSync(join(copy, 'build/api-baseline'), words, { env, encoding: 'utf8', stdio: 'pipe' });
    return '';
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return stdout + stderr;
  }
}

function change(file: string, from: string, to: string): void {
  const path = join(copy, 'proto/latchkey/v1', file);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(from);
  writeFileSync(path, text.replace(from, to));
}

it('accepts proto/ as it is', () => {
  expect(check()).toBe('');
});

it.each([
  ['a field with another name', 'token.proto', 'bool current = 13', 'bool is_current = 13', /current/],
  ['a field with another number', 'token.proto', 'bool current = 13', 'bool current = 14', /"13"/],
  ['a field of another type', 'session.proto', 'repeated bytes command', 'repeated string command', /type/],
  ['an enum value that is gone', 'link.proto', '  LINK_STATE_LOST = 3;\n', '', /LINK_STATE|"3"/],
  ['a method that is gone', 'auth.proto', 'rpc WhoAmI(', 'rpc WhoIAm(', /WhoAmI/],
  ['another Go package', 'auth.proto', 'latchkey/v1;latchkeyv1', 'example.org/latchkey', /go_package/],
])('refuses %s', (_what, file, from, to, said) => {
  change(file, from, to);
  expect(check()).toMatch(said);
  expect(check('add')).toMatch(said);
});

it('asks to protect what is new, and then protects it', () => {
  change('token.proto', '  bool current = 13;', '  bool current = 13;\n  // New.\n  bool fresh = 14;');
  expect(check()).toMatch(/run: build\/api-baseline add/);
  expect(check('add')).toBe('');
  expect(check()).toBe('');
  change('token.proto', 'bool fresh = 14', 'bool stale = 14');
  expect(check()).toMatch(/fresh/);
});
