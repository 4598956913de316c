/** Tab in real shells, with the built program and no server. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../../support/needs.ts';
import { BUILT } from '../../support/program.ts';
import { pressTab, SHELLS } from '../../support/terminal/press-tab.ts';

/** A line before Tab, and what must be shown after it. */
const LINES: readonly (readonly [line: string, ...wanted: (string | RegExp)[]])[] = [
  ['latchkey tok', /tokens\b/],
  ['latchkey tokens re', 'revoke'],
  ['latchkey --server host:1 --json tokens ver', 'verify'],
  ['latchkey --server=host:1 --json tokens ver', 'verify'],
  ['latchkey tokens --login show revoke --lo', '--login', '--local-admin'],
  ['latchkey completion ', 'bash', 'zsh', 'fish'],
  ['latchkey help sess', 'sessions'],
  ['latchkey serve --r', '--run'],
  ['latchkey tui --theme ', 'dark', 'light', '16', 'none'],
  ['latchkey sessions --state ', 'starting', 'running', 'ended'],
  ['latchkey tokens --sort ', 'jti', 'expires_at'],
  ['latchkey tui --theme=d', '--theme=dark'],
  ['latchkey tokens verify --file a', /a\\? file\.pem/],
  ['latchkey tokens verify --file=a', /--file=a\\? file\.pem/],
  ['latchkey start --dir b', 'b-folder/'],
  ['latchkey start --env A=B basena', 'basename'],
  ['latchkey start -- cat a', /a\\? file\.pem/],
  ['latchkey start cat --dir a', /a\\? file\.pem/],
  ['latchkey cp -r b-folder a', /a\\? file\.pem/],
  ['latchkey cp :b --res', '--resume'],
];

const DIRECTORY_LINE = LINES.findIndex(([line]) => line.includes('--dir'));

describe('the completion of the program', needs(...SHELLS), () => {
  let folder: string;
  let programs: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-completion-'));
    programs = join(folder, 'programs');
    for (const name of ['programs', 'b-folder']) mkdirSync(join(folder, name));
    symlinkSync(BUILT, join(programs, 'latchkey'));
    for (const name of ['a file.pem', 'b-file']) writeFileSync(join(folder, name), '');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.for(SHELLS)('completes commands, options, their values, files and programs in %s', async (shell) => {
    const shown = pressTab(
      shell,
      LINES.map(([line]) => line),
      { programs, folder },
    );
    expect(shown).toHaveLength(LINES.length);
    for (const [at, [line, ...wanted]] of LINES.entries())
      for (const each of wanted) expect(shown[at], line).toMatch(each);
    expect(shown[DIRECTORY_LINE], 'only directories').not.toContain('b-file');
  });

  test.for(SHELLS)('offers nothing, and prints nothing, without a server in %s', async (shell) => {
    const lines = [
      'latchkey tokens show ',
      'latchkey tokens --server localhost:1 --login ',
      'latchkey cp a :b-',
    ];
    const shown = pressTab(shell, lines, { programs, folder });
    for (const [at, line] of lines.entries()) {
      const told = shown[at]?.split('\n').filter((text) => !text.includes(line.trim())) ?? ['nothing'];
      expect(told.join('').trim()).toBe('');
    }
    expect(shown.join('\n')).not.toMatch(/latchkey: |server is running|vouches/);
  });

  test.for(SHELLS)('runs nothing from the line in %s', async (shell) => {
    const hostile = ['$(touch pwned)', '`touch pwned`', '"$(touch pwned)"', '(touch pwned)'];
    const attacks = hostile.flatMap((text) => [
      `latchkey --run ${text} tokens show `,
      `latchkey tui --theme=${text}`,
      `latchkey start --env A=${text} basena`,
    ]);
    rmSync(join(folder, 'pwned'), { force: true });
    const shown = pressTab(shell, [...attacks, 'latchkey tok'], { programs, folder });
    expect(shown).toHaveLength(attacks.length + 1);
    expect(shown.at(-1)).toContain('tokens');
    expect(existsSync(join(folder, 'pwned'))).toBe(false);
  });
});
