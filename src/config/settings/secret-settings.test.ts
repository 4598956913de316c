import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  file,
  folder,
  load,
  loadSelf,
  refusal,
  withConfigFile,
} from '../../../test/support/disk/config-file.ts';
import { ownUid } from '../../system/owned-path.ts';
import { groupId } from '../paths/group-id.ts';

const GOOD_SECRET = 'k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1aQ';

withConfigFile();

describe('secrets (A6)', () => {
  test('a secret is read and never shown', () => {
    const config = load(`tokens: { secret: ${GOOD_SECRET} }`);
    expect(config.tokens.secret?.reveal()).toBe(GOOD_SECRET);
    expect(JSON.stringify(config)).not.toContain(GOOD_SECRET);
  });

  test.each([
    'changeme',
    'hunter2',
    'a'.repeat(40),
    '"12345678901234567890123456789012"',
    '1'.repeat(32),
    '[a]',
    '{ a: b }',
  ])('%s is refused without being quoted', (text) => {
    const message = refusal(() => load(`tokens: { secret: ${text} }`));
    expect(message).toMatch(/^FILE:1: tokens\.secret is a \[secret\] that .*openssl rand/);
    expect(message).not.toContain(text);
  });

  test('a secret in the environment is refused in the same way', () => {
    expect(refusal(() => loadSelf({ LATCHKEY_TOKENS_SECRET: 'hunter2hunter2' }))).not.toContain('hunter2');
  });

  test('a secret and a key file together are refused', () => {
    const yaml = `tokens: { secret: ${GOOD_SECRET}, signing_key: /k.pem }`;
    expect(refusal(() => load(yaml))).toMatch(
      /tokens\.signing_key is set, and tokens\.secret as well.*Remove one/,
    );
  });

  test('a key file must exist and be closed to others', () => {
    const key = join(folder, 'jwt.pem');
    const yaml = `tokens: { signing_key: ${key} }`;
    expect(refusal(() => load(yaml))).toMatch(/^FILE:1: tokens\.signing_key is ".*"?; there is no such file/);
    writeFileSync(key, 'PEM', { mode: 0o600 });
    expect(load(yaml).tokens.signingKey).toBe(key);
    chmodSync(key, 0o640);
    expect(refusal(() => load(yaml))).toMatch(/^FILE:1: tokens\.signing_key: .* has mode 0640.*chmod 0600/);
  });

  test('a file with a secret must be closed to others', () => {
    load(`tokens: { secret: ${GOOD_SECRET} }`);
    for (const mode of [0o640, 0o604]) {
      chmodSync(file, mode);
      expect(refusal(() => load(`tokens: { secret: ${GOOD_SECRET} }`))).toMatch(
        /holds tokens\.secret.*chmod 600/,
      );
    }
    writeFileSync(file, 'log: { level: info }');
    chmodSync(file, 0o644);
    expect(load('log: { level: info }').log.level).toBe('info');
  });

  test('except to the group of the daemon, when the file belongs to root', (context) => {
    if (ownUid() !== 0) context.skip('needs root');
    const gid = groupId('latchkey');
    if (gid === undefined) return context.skip('this host has no group latchkey');
    load(`tokens: { secret: ${GOOD_SECRET} }`);
    chownSync(file, 0, gid);
    chmodSync(file, 0o640);
    expect(load(`tokens: { secret: ${GOOD_SECRET} }`).tokens.secret?.reveal()).toBe(GOOD_SECRET);
    chmodSync(file, 0o644);
    expect(refusal(() => load(`tokens: { secret: ${GOOD_SECRET} }`))).toMatch(/holds tokens\.secret/);
  });
});
