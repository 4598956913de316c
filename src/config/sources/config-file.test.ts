import { chmodSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { file, folder, load, refusal, withConfigFile } from '../../../test/support/disk/config-file.ts';
import { ownUid } from '../../system/owned-path.ts';
import { loadConfig } from '../config.ts';

withConfigFile();

describe('the configuration file', () => {
  test('is refused when others can change it, and when it is a symbolic link', () => {
    load('');
    chmodSync(file, 0o620);
    expect(refusal(() => load(''))).toMatch(/mode 0620, so that others can change it.*chmod 0600/);
    symlinkSync(file, join(folder, 'link.yaml'));
    const input = { argv: { config: join(folder, 'link.yaml') }, env: {}, uid: ownUid(), home: folder };
    expect(refusal(() => loadConfig(input))).toMatch(/symbolic link/);
  });

  test('must exist when it is named', () => {
    const input = { argv: { config: join(folder, 'none.yaml') }, env: {}, uid: ownUid(), home: folder };
    expect(refusal(() => loadConfig(input))).toMatch(/none\.yaml: there is no such file/);
  });

  test.each([
    ['broken YAML', 'api: [\n', /FILE:\d+: cannot read this YAML/],
    ['an alias', 'server: { id: &x a }\nstore: { url: *x }', /FILE:2: store\.url has an alias/],
    ['an alias bomb', bomb(), /unknown key "a"/],
    ['aliases in a list', 'links: { eligible: { users: &u [&a a, *a] } }', /has an alias/],
    ['a tag', 'server: { id: !!binary aGVsbG8= }', /has a tag/],
    ['a tag of its own', 'server: { id: !js/function x }', /FILE:1/],
    ['two documents', 'api: {}\n---\napi: {}', /there is a second document/],
    ['deep nesting', '['.repeat(100_000), /nested too deeply|cannot read this YAML/],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}`, /expected at most 1048576/],
    ['a hundred thousand keys', keys(100_000), /unknown key/],
    [
      'a hundred thousand lifetimes',
      `tokens:\n  lifetimes:\n${keys(70_000, '    ')}`,
      /tokens\.lifetimes is/,
    ],
  ])('with %s is refused', (_, yaml, line) => {
    expect(refusal(() => load(yaml))).toMatch(line);
  });

  test('that is not UTF-8 is refused', () => {
    writeFileSync(file, Buffer.from([0x61, 0xff, 0xfe]), { mode: 0o600 });
    const input = { argv: { config: file }, env: {}, uid: ownUid(), home: folder };
    expect(refusal(() => loadConfig(input))).toMatch(/not UTF-8/);
  });
});

function bomb(): string {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let letter = 98; letter < 107; letter += 1) {
    const name = String.fromCharCode(letter);
    const last = String.fromCharCode(letter - 1);
    lines.push(`${name}: &${name} [${`*${last}, `.repeat(8)}*${last}]`);
  }
  return lines.join('\n');
}

function keys(count: number, indent = ''): string {
  return Array.from({ length: count }, (_, index) => `${indent}k${index}: 1\n`).join('');
}
