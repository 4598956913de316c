/** The published protobuf with the tools of other languages, as they are and without options. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alice, root, runAs } from '../../support/account.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';
import { TestSshd } from '../../support/ssh/sshd.ts';

const PORT = 2261;
const clone = join(import.meta.dirname, '../../..');
const proto = join(clone, 'proto');
const files = globSync('**/*.proto', { cwd: proto }).toSorted();

/** SHA-256 of googleapis' files, as in the packages google-gax 5.0.8 and google-proto-files 5.0.3. */
const PUBLISHED = {
  'error_details.proto': '5c18d42e6924f447622534b4b7cdb8b53c0606c8ce729b912ee5edf88d1c5520',
  'status.proto': 'f5bfd262e6705c7ae73f32e0ad8ee20ce8c0a2578df8c4f76ebf76b572f295ed',
};

let folder: string;

/** Generates code with one of protoc's plugins; returns the generated files. */
function generate(plugin: string, from = proto, sources = files): string[] {
  const out = join(folder, plugin);
  mkdirSync(out, { recursive: true });
  execFileSync('protoc', ['-I', from, `--${plugin}_out=${out}`, ...sources], { stdio: 'pipe' });
  return globSync('**/*.*', { cwd: out }).toSorted();
}

describe('protoc', needs('protoc'), () => {
  beforeAll(() => {
    folder = mkdtempSync(join(process.env.TMPDIR ?? '/tmp', 'latchkey-protoc-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ['cpp', 'latchkey/v1/token.pb.h'],
    ['csharp', 'Token.cs'],
    ['java', 'latchkey/v1/Token.java'],
    ['kotlin', 'latchkey/v1/TokenKt.kt'],
    ['objc', 'latchkey/v1/Token.pbobjc.h'],
    ['php', 'Latchkey/V1/Token.php'],
    ['pyi', 'latchkey/v1/token_pb2.pyi'],
    ['python', 'latchkey/v1/token_pb2.py'],
    ['ruby', 'latchkey/v1/token_pb.rb'],
  ])('generates %s from all files together', (plugin, wanted) => {
    expect(generate(plugin)).toContain(wanted);
  });

  test('generates one Go package, wherever the client lies', needs('protoc-gen-go'), () => {
    const generated = [...generate('go'), ...generate('go-grpc')];
    expect(generated).toContain('latchkey/v1/token.pb.go');
    expect(generated).toContain('latchkey/v1/token_grpc.pb.go');
    for (const plugin of ['go', 'go-grpc'])
      for (const file of readdirSync(join(folder, plugin, 'latchkey/v1')))
        expect(readFileSync(join(folder, plugin, 'latchkey/v1', file), 'utf8')).toMatch(
          /^package latchkeyv1$/m,
        );
  });

  test('and the server share the error model of googleapis, as it is published', () => {
    for (const [file, published] of Object.entries(PUBLISHED)) {
      const bytes = readFileSync(join(clone, 'build/google/rpc', file));
      expect(createHash('sha256').update(bytes).digest('hex'), file).toBe(published);
    }
  });

  test('finds no file of another project, which clients have from that project', () => {
    for (const file of files) {
      const text = readFileSync(join(proto, file), 'utf8');
      expect(text).toMatch(/^package latchkey\.v1;$/m);
      for (const [, imported] of text.matchAll(/^import "(.*)";$/gm))
        expect(imported).toMatch(/^(?:latchkey\/v1|google\/protobuf)\//);
    }
  });
});

describe('a client in Python', needs('world', 'protoc', 'python3-grpcio', 'sshd'), () => {
  let daemon: TestDaemon;
  let sshd: TestSshd;

  beforeAll(async () => {
    folder = mkdtempSync('/mnt/python-');
    sshd = await TestSshd.start(PORT);
    daemon = await TestDaemon.start({ config: { login: { ssh: sshd.settings } } });
    await daemon.link(alice);
    generate('python');
    generate('python', join(clone, 'build'), ['google/rpc/status.proto', 'google/rpc/error_details.proto']);
  });
  afterAll(async () => {
    if (folder) rmSync(folder, { recursive: true });
    await daemon?.[Symbol.asyncDispose]();
    await sshd?.[Symbol.asyncDispose]();
  });

  test('finds everything as proto/README.md says (X8)', async () => {
    const { address, serverId } = daemon.serverFile;
    const kept = join(alice.home, '.config/latchkey/servers', address.replace(':', '_'));
    const credentials = [join(kept, 'ca.pem'), join(kept, 'token')];
    const client = join(clone, 'test/support/clients/client.py');
    const argv = ['/usr/bin/python3', client, join(folder, 'python'), address, ...credentials, serverId];
    const { stdout, stderr, status } = await runAs(root, argv).finished;
    expect(status, stderr).toBe(0);
    const me = ['ROLE_USER', 'alice', 'AUTH_METHOD_LINK'];
    expect(JSON.parse(stdout)).toEqual({
      who: me,
      wrong: ['INVALID_ARGUMENT', 'latchkey.v1', 'INVALID_ARGUMENT', ['page_size']],
      raw: ['61e9', 0],
      end_own_side: [false, ['78', 0]],
      end_login: 'CANCELLED',
      idle: me,
    });
  });
});
