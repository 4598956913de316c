/**
 * `npm run pictures`: draws the README's pictures of the dashboard, from the built program, a real server
 * and people with real links and sessions, in a world of their own. Nothing of the machine is visible in
 * them.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, alice, bob, carol, dora, mallory, root } from '../../test/support/account.ts';
import { install, packagesFor } from '../../test/support/host/packages.ts';
import { program } from '../../test/support/program.ts';
import { inWorld } from '../../test/support/run/in-world.ts';
import { TestDaemon } from '../../test/support/server/daemon.ts';
import { Screen } from '../../test/support/terminal/screen.ts';
import type { Pattern, Wanted } from '../../test/support/terminal/view.ts';

/** Debian's Python, rather than one installed for another purpose. */
const PYTHON = '/usr/bin/python3';
const DRAW = join(import.meta.dirname, 'picture.py');

interface Picture {
  readonly name: string;
  /** Alternative text. */
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** Keys to press, and what must be visible after each of them. */
  readonly steps: readonly (readonly [keys: readonly string[], shows: Wanted | Pattern])[];
}

const WHOLE = { columns: 140, rows: 36 };
const LARGE = { columns: 108, rows: 18 };
const SMALL = { columns: 60, rows: 15 };
const jump = (screen: string, shows: Wanted | Pattern): Picture['steps'][number] => [
  [':', screen, 'Enter'],
  shows,
];
const toTokens = jump('tokens', { title: /^Tokens · \d+ of /, line: 'alice', footer: '? help' });
const toFiltered = [
  toTokens,
  [['/', 'mal'], { title: /filter "mal" · 1 of/, prompt: '/mal', no: 'alice' }],
] as const;

const PICTURES: readonly Picture[] = [
  {
    name: 'overview',
    title: 'Logins, usage, charts of the last hour, and refusals',
    ...WHOLE,
    steps: [jump('overview', { line: ['REFUSED', 'mallory'], footer: '? help' })],
  },
  {
    name: 'logins',
    title: 'Logins with their tokens, links and sessions',
    ...LARGE,
    steps: [jump('logins', { title: /^Logins · \d+ of /, line: 'mallory', footer: '? help' })],
  },
  { name: 'tokens', title: 'Tokens, filtered as you type', ...LARGE, steps: toFiltered },
  {
    name: 'open',
    title: 'All fields of a token, some of which refer to other rows',
    ...LARGE,
    steps: [...toFiltered, [['Enter', 'Enter'], { line: /expires +in /, footer: 'x revoke' }]],
  },
  {
    name: 'confirm',
    title: 'The question before two tokens are revoked, with what ends',
    ...LARGE,
    steps: [...toFiltered, [['Enter', 'Space', 'Space', 'x'], { line: /Ends 2 tokens/, footer: 'y yes' }]],
  },
  {
    name: 'sessions',
    title: 'Sessions that run and that have ended',
    ...LARGE,
    steps: [jump('sessions', { title: /^Sessions · \d+ of /, line: 'ended', footer: '? help' })],
  },
  { name: 'small', title: 'Tokens in a terminal of 60 columns and 15 rows', ...SMALL, steps: [toTokens] },
];

/** Programs that people run in links and sessions of their own: a script in their home. */
const WORK: readonly (readonly [Account, command: readonly string[], script: string])[] = [
  [alice, ['./build', '--jobs', '8'], 'sleep 3600'],
  [alice, ['./check', 'all'], 'exit 0'],
  [bob, ['./train', '--epochs', '90'], 'sleep 3600'],
  [dora, ['./archive', 'results'], 'exit 3'],
  [mallory, ['./mine', '--threads', '64'], 'sleep 3600'],
];

async function main(): Promise<number> {
  if (!process.env.TEST_WORLD) {
    if (process.getuid?.() === 0)
      install([...packagesFor({ tmux: 'tmux' }), ...(hasRich() ? [] : ['python3-rich'])]);
    return inWorld();
  }
  await using daemon = await TestDaemon.start({
    config: {
      api: { listen: '127.0.0.1:7300' },
      server: { hostname: 'login1.example.org' },
      roles: { manager: { users: ['bob'], groups: [] } },
    },
  });
  for (const account of [bob, alice, dora, mallory, alice, mallory]) await daemon.link(account);
  for (const work of WORK) await start(daemon, ...work);
  await refuse(daemon);
  for (const picture of PICTURES) await draw(daemon, picture);
  return 0;
}

function hasRich(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import rich'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function start(
  daemon: TestDaemon,
  account: Account,
  command: readonly string[],
  script: string,
): Promise<void> {
  writeFileSync(join(account.home, command[0] ?? ''), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { status, stderr } = await daemon.cli(account, ['start', '--detach', '--', ...command]);
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}

/**
 * Makes the server refuse two requests: a login of an ineligible user, and a revocation of another's
 * tokens.
 */
async function refuse(daemon: TestDaemon): Promise<void> {
  const tries = [daemon.cli(carol, ['link']), daemon.cli(mallory, ['tokens', 'revoke', '--login', 'alice'])];
  for (const { status } of await Promise.all(tries)) if (status === 0) throw new Error('nothing was refused');
}

async function draw(daemon: TestDaemon, { name, title, columns, rows, steps }: Picture): Promise<void> {
  using screen = new Screen(root, { columns, rows });
  screen.enter(`${program()} tui --run ${daemon.runFolder} --local-admin --theme dark`);
  await screen.shows(/● live/);
  for (const [keys, shows] of steps) {
    screen.press(...keys);
    await screen.shows(shows);
  }
  const picture = execFileSync(PYTHON, [DRAW, `${columns}`, title], { input: screen.painted });
  writeFileSync(join(import.meta.dirname, `${name}.svg`), picture);
  process.stderr.write(`${name}.svg: ${Math.round(picture.length / 1024)} KiB\n`);
}

process.exitCode = await main();
