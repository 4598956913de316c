import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManualPage, manual } from '../../build/package/manual.ts';
import { needs } from '../../test/support/needs.ts';
import { ADDED, addOption } from '../../test/support/terminal/added-option.ts';
import { capture } from '../../test/support/terminal/memory-io.ts';
import { pressTab, SHELLS } from '../../test/support/terminal/press-tab.ts';
import { parseOptions } from '../entry/parse-options.ts';
import { TUI } from '../entry/roles/tui.ts';
import { processIo } from '../terminal/io.ts';
import { buildProgram } from './program.ts';

const tree = (): Command => buildProgram(() => async () => {}, processIo());
const pages = (program: Command): ManualPage[] => manual({ program, version: '1', date: '2026-11-28' });

/** Yields every command that help shows, with its path. */
function* commandsIn(command: Command, path: readonly string[] = []): Generator<[string[], Command]> {
  yield [[...path], command];
  for (const below of command.createHelp().visibleCommands(command))
    if (below.name() !== 'help') yield* commandsIn(below, [...path, below.name()]);
}

/** True when `text` has `flag` as a word of its own. */
function shows(text: string, flag: string): boolean {
  return new RegExp(`(?<![\\w-])${flag}(?![\\w-])`).test(text.replaceAll('\\-', '-'));
}

/** Returns the part of the manual about the command at `path`. */
function manualOf(all: readonly ManualPage[], path: readonly string[]): string {
  const [verb, command] = path;
  const name = verb === undefined ? 'latchkey' : `latchkey-${verb}`;
  const page = all.find((each) => each.name === name && each.section !== 5)?.text ?? '';
  const title = `.SH "LATCHKEY ${path.join(' ').toUpperCase()}"`;
  return command === undefined ? page : (page.split(title)[1]?.split('.SH ')[0] ?? '');
}

describe('an option', () => {
  const all = pages(tree());
  const options = [...commandsIn(tree())].flatMap(([path, command]) =>
    command.options.filter(({ hidden }) => !hidden).map((option) => ({ path, option })),
  );

  it('of any command is in its help, its manual page and its completion', async () => {
    expect(options.length).toBeGreaterThan(200);
    const helps = new Map<string, string>();
    for (const [path] of commandsIn(tree()))
      helps.set(path.join(' '), (await capture([...path, '--help'])).stdout);
    for (const { path, option } of options) {
      const { long, helpGroupHeading } = option;
      const flag = long ?? '';
      const where = `latchkey ${path.join(' ')} ${flag}`;
      expect(shows(helps.get(path.join(' ')) ?? '', flag), `${where} in help`).toBe(true);
      const page = manualOf(all, helpGroupHeading === undefined ? path : []);
      expect(shows(page, flag), `${where} in the manual`).toBe(true);
      const { stdout } = await capture(['complete', '--', ...path, flag]);
      expect(stdout.split('\n')[0], where).toBe('words');
      expect(
        stdout
          .split('\n')
          .slice(1)
          .some((line) => line.split('\t')[0] === flag),
        where,
      ).toBe(true);
    }
  });

  it('that is internal is in none of them', async () => {
    const { stdout } = await capture(['link', '--help']);
    const completed = await capture(['complete', '--', 'link', '--']);
    for (const text of [stdout, completed.stdout, manualOf(all, ['link'])])
      for (const flag of ['--report-fd', '--check-account', '--register', '--prove'])
        expect(shows(text, flag), flag).toBe(false);
  });
});

describe('an option that is added to a table', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-option-'));
    // Bundled, since a shell runs it again and again: it starts in half the time that the sources take.
    const bundle = join(folder, '.latchkey.mjs');
    const entry = join(import.meta.dirname, '../../test/support/terminal/added-option.ts');
    const banner = { js: `const require = process.getBuiltinModule('module').createRequire('${entry}');` };
    const options = { bundle: true, platform: 'node', format: 'esm', logLevel: 'warning' } as const;
    buildSync({ entryPoints: [entry], outfile: bundle, banner, ...options });
    const program = join(folder, 'latchkey');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${bundle}' "$@"\n`);
    chmodSync(program, 0o755);
    writeFileSync(join(folder, 'only-file'), '');
    addOption();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is parsed, with its value', () => {
    expect(parseOptions(TUI, [`--${ADDED}`, 'x']).values).toEqual({ [ADDED]: 'x' });
  });

  it('is in the help and in the manual page', async () => {
    expect((await capture(['tui', '--help'])).stdout).toMatch(`--${ADDED} <file>`);
    expect(shows(manualOf(pages(tree()), ['tui']), `--${ADDED} <file>`)).toBe(true);
  });

  it.for(SHELLS)('completes in %s, and its value does', { ...needs(...SHELLS), timeout: 60_000 }, (shell) => {
    const lines = ['latchkey tui --add', `latchkey tui --${ADDED} only`];
    const [option, value] = pressTab(shell, lines, { programs: folder, folder });
    expect(option).toContain(`--${ADDED}`);
    expect(value).toContain('only-file');
  });
});
