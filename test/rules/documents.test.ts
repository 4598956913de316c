/**
 * Holds the documentation to the program: links, paths, commands, options and settings are there. The
 * clients in it are run by test/stories/documents/.
 */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { MESSAGE_BYTES, UNAUTHENTICATED_MESSAGE_BYTES } from '../../src/api/pipeline/handle.ts';
import { Limits } from '../../src/api/pipeline/limits.ts';
import { POLICY } from '../../src/api/pipeline/policy.ts';
import { buildProgram } from '../../src/cli/program.ts';
import { defaultOf, isSetting, type SettingTable } from '../../src/config/settings/setting.ts';
import { SETTINGS } from '../../src/config/settings/settings.ts';
import { fencesOf, inlineCodeOf, proseOf } from '../support/markdown.ts';
import { memoryOutput } from '../support/terminal/memory-io.ts';

const root = dirname(dirname(import.meta.dirname));
const MOST_LINES = 200;
const WIDEST = 110;

const pages = globSync(['**/*.md', '.github/**/*.md'], {
  cwd: root,
  exclude: (path) => /^(node_modules|dist|\.git)$/.test(path),
}).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

function page(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Returns all that `find` finds, each behind the name of its page. */
function onAllPages(find: (text: string, path: string) => readonly string[]): string[] {
  return pages.flatMap(({ path, text }) => find(text, path).map((found) => `${path}: ${found}`));
}

/** Returns the anchors that GitHub makes of the headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
}

function linksOf(text: string): string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)|\bsrc="([^"]+)"/g)];
  return links.map(([, link, source]) => link ?? source ?? '').filter((link) => !/^[a-z]+:/.test(link));
}

function isBroken(link: string, path: string): boolean {
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? path : relative(root, join(root, dirname(path), file));
  if (target.startsWith('..') || !existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchorsOf(page(target)).includes(anchor);
}

describe('every page', () => {
  test('is found, in hidden folders too', () => {
    expect(pages.map(({ path }) => path)).toContain('.github/SECURITY.md');
    expect(pages.length).toBeGreaterThan(9);
  });

  test('links only to existing pages, files and headings', () => {
    expect(onAllPages((text, path) => linksOf(text).filter((link) => isBroken(link, path)))).toEqual([]);
  });

  test('names only existing paths, from the root or from its own folder', () => {
    const missing = onAllPages((text, path) =>
      inlineCodeOf(text)
        .filter((code) => /^[a-z.][\w.-]*\/[\w./-]*$/.test(code) && !/^(dist|\.quickstart)\//.test(code))
        .filter((code) => !existsSync(join(root, code)) && !existsSync(join(root, dirname(path), code))),
    );
    expect(missing).toEqual([]);
  });

  test('runs only commands and options that the program has', () => {
    const program = buildProgram(() => async () => {}, memoryOutput().io);
    expect(onAllPages((text) => commandLinesOf(text).flatMap((line) => problemsOf(line, program)))).toEqual(
      [],
    );
  });

  test('runs only existing npm scripts', () => {
    const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> };
    const wrong = onAllPages((text) =>
      [...text.matchAll(/\bnpm run ([a-z-]+)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !Object.hasOwn(scripts, name)),
    );
    expect(wrong).toEqual([]);
  });

  test('is written in lines of at most 110 columns, with straight apostrophes', () => {
    const wrong = onAllPages((text) =>
      proseOf(text).filter(
        (line) => !line.startsWith('|') && (line.length > WIDEST || /[\u2018\u2019\u201c\u201d]/.test(line)),
      ),
    );
    expect(wrong.filter((line) => !line.startsWith('test/requirements.md'))).toEqual([]);
  });
});

/** Returns each `latchkey …` that stands behind a prompt or in code within a line. */
function commandLinesOf(text: string): string[] {
  const typed = fencesOf(text).flatMap(({ body }) =>
    [...body.matchAll(/(?:^[\w.]*[$#] |\| xargs |\$\()(latchkey [^\n|)]+)/gm)].map(([, line]) => line),
  );
  const named = inlineCodeOf(text).filter((code) => code.startsWith('latchkey '));
  return [...typed, ...named].map((line = '') => line.replace(/ (-- |#).*/, ''));
}

/** Returns a complaint for each command and option of `line` that the program does not have. */
function problemsOf(line: string, program: Command): string[] {
  const [, ...words] = line.split(/\s+/);
  let command = program;
  for (const word of words) {
    if (command.commands.length === 0 || !/^[a-z][a-z-]*$/.test(word)) break;
    const next = command.commands.find((one) => one.name() === word);
    if (next === undefined) return [`${line}: there is no command ${word}`];
    command = next;
  }
  const known = [program, command].flatMap(({ options }) =>
    options.flatMap(({ long, short }) => [long, short]),
  );
  return words
    .filter((word) => /^-/.test(word))
    .map((word) => word.replace(/=.*/, ''))
    .filter((word) => word !== '--help' && !known.includes(word))
    .map((word) => `${line}: there is no option ${word}`);
}

describe('the front page', () => {
  test('is short', () => {
    expect(page('README.md').split('\n').length).toBeLessThanOrEqual(MOST_LINES);
  });

  test('gives the two commands that a newcomer runs first', () => {
    const commands = fencesOf(page('README.md')).map(({ body }) => body.trim());
    expect(commands).toContain('npm run quickstart');
    expect(commands).toContain('npm test');
  });
});

test("the operator's page lists the settings with their defaults", () => {
  const [yaml] = fencesOf(page('build/package/README.md')).filter(({ language }) => language === 'yaml');
  expect(parse(yaml?.body ?? '')).toEqual(defaultsOf(SETTINGS));
});

function defaultsOf(table: SettingTable): object {
  const members = Object.entries(table).map(([key, entry]) => [
    key,
    isSetting(entry) ? defaultOf(entry, 'system') : defaultsOf(entry),
  ]);
  return Object.fromEntries(members);
}

test("the API's page and files give the limits in force", () => {
  const { numbers } = new Limits();
  const { perLogin, messagesPerLogin, registrationsPerMinute, unaryMs } = numbers;
  const { unauthenticated, unauthenticatedPerConnection, unauthenticatedPerSecond } = numbers;
  const { publicStreamMs, messageDueMs, typedDueMs } = numbers;
  const perHost = `${unauthenticated} from all other hosts together, ${unauthenticated} from each Linux user of`;
  const end = POLICY['latchkey.v1.SessionService/EndSession'].deadlineMs;
  const said: Readonly<Record<string, readonly string[]>> = {
    'proto/README.md': [
      `| size of a message | ${MESSAGE_BYTES / 2 ** 20} MiB | ${UNAUTHENTICATED_MESSAGE_BYTES / 1024} KiB |`,
      `| calls at once | ${grouped(perLogin)} for each login | ${unauthenticatedPerConnection} on a connection, ${perHost} this host |`,
      `| messages not yet handled | ${messagesPerLogin / 2 ** 20} MiB for each login | - |`,
      `| calls within a second | - | ${unauthenticatedPerSecond} on a connection; the next one closes it |`,
      `; ${registrationsPerMinute} registrations a minute`,
      `ends a unary call after ${unaryMs / 1000} seconds (EndSession: ${end / 1000})`,
    ],
    'proto/latchkey/v1/auth.proto': [
      `${publicStreamMs / 60_000} minutes in all, ${messageDueMs / 1000} seconds for the first message and ` +
        `${typedDueMs / 1000} seconds for each answer`,
    ],
  };
  const missing = Object.entries(said).flatMap(([path, texts]) =>
    texts.filter((text) => !page(path).includes(text)),
  );
  expect(missing).toEqual([]);
  expect(numbers.fetchMs).toBe(60_000); // "a minute"
});

/** Returns a number with commas: 1,000. */
function grouped(count: number): string {
  return count.toLocaleString('en');
}

describe('src/README.md', () => {
  const entries = readdirSync(join(root, 'src'), { withFileTypes: true });

  test('names every room, and no other', () => {
    const rows = page('src/README.md').split('| room |')[1]?.split('\n\n')[0] ?? '';
    const named = [...rows.matchAll(/^\| `([\w-]+)\/`/gm)].map(([, name]) => name);
    const rooms = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(named.sort()).toEqual(rooms.sort());
  });

  test('names every file that lies beside the rooms', () => {
    const files = entries.filter((entry) => /(?<!\.test)\.ts$/.test(entry.name)).map(({ name }) => name);
    const named = inlineCodeOf(page('src/README.md'));
    expect(files.filter((name) => !named.includes(name))).toEqual([]);
  });
});

test('the workflow pins the actions of others to a commit', () => {
  const workflow = page('.github/workflows/ci.yml');
  const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
  expect(actions.length).toBeGreaterThan(0);
  expect(actions.filter((action = '') => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
});
