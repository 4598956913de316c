import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../../test/support/terminal/memory-io.ts';
import { entryOf, everyEntry } from '../completion/entry.ts';
import { buildProgram } from '../program.ts';

let folder = '';

async function script(shell: string): Promise<string> {
  const { status, stdout } = await capture(['completion', shell]);
  expect(status).toBe(0);
  return stdout;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-completion-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('the completion for bash', () => {
  let file = '';
  beforeAll(async () => {
    file = join(folder, 'latchkey.bash');
    writeFileSync(file, await script('bash'));
    writeFileSync(join(folder, 'a file.pem'), '');
  });

  function complete(...words: string[]): string[] {
    const run = `source ${file}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _latchkey; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', run, 'bash', join(folder, 'latchkey'), ...words]; // which asks no server
    return execFileSync('bash', args, { encoding: 'utf8', cwd: folder }).trim().split('\n');
  }

  it.each([
    [['tok'], ['tokens']],
    [['tokens', 're'], ['revoke']],
    [['--server', 'host:1', '--json', 'tokens', 'ver'], ['verify']],
    [
      ['tokens', '--login', 'show', 'revoke', '--lo'],
      ['--login', '--local-admin'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['tokens', '--login', ''], ['']],
    [['--ca', 'a'], ['a file.pem']],
    [['start', '--env', 'A=B', 'bash'], ['bash']],
    [['start', '--', 'cat', 'a f'], ['a file.pem']],
  ])('%j', (words, wanted) => {
    expect(complete(...words)).toEqual(expect.arrayContaining(wanted));
    expect(complete(...words).length).toBeLessThan(20);
  });
});

it.for(['zsh', 'fish'])('is read by %s without complaint', async (shell, ctx) => {
  const file = join(folder, `latchkey.${shell}`);
  writeFileSync(file, await script(shell));
  const { status, stderr, error } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
  if (error !== undefined) ctx.skip(`${shell} is not installed here`);
  expect([status, stderr]).toEqual([0, '']);
});

it('knows every command and option in every shell', async () => {
  const io = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const program = buildProgram(() => async () => {}, { ...io, env: {}, now: Date.now });
  const entries = [...everyEntry(entryOf(program, []))];
  expect(entries.length).toBeGreaterThan(25);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const text = await script(shell);
    for (const { path, options } of entries) {
      for (const word of path) expect(text).toContain(word);
      for (const flag of options.flatMap(({ flags }) => flags.slice(-1)))
        expect(text).toContain(flag.replace(/^-+/, ''));
    }
  }
});
