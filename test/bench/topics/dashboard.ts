/**
 * The dashboard with 100,000 live tokens: time to its first complete screen and from a key to its effect,
 * in a real terminal, with the built program and a real server.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { program } from '../../support/program.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { compare, type Sample } from '../report/compare.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { seed } from '../seed.ts';
import { startDaemon } from '../served.ts';
import { Terminal } from '../terminal.ts';

const ROUNDS = 7;
const SITE = { tokens: 100_000, logins: 5_000, sessions: 10_000 };
const SIZE = { columns: 120, rows: 40 };
const LINES = SIZE.rows - 6;
/** Time between two key presses: a person does not wait for the screen, but is not faster. */
const KEY_INTERVAL_MS = 150;
const GOAL_MS = 100;
const WORK_MS = 20;
/** Includes the administrator's own token. */
const TOTAL = new Intl.NumberFormat('en').format(SITE.tokens + 1);

export async function measure(folder: () => string): Promise<Line[]> {
  await using daemon = await startDaemon({}, await seed(folder(), SITE));
  const lines = [await firstScreen(daemon)];
  await using terminal = dashboard(daemon);
  await toTokens(terminal);
  for (const [what, keys] of [
    ['down, page down, end, start', moves()],
    ['typing a filter, until its rows are there', filters()],
    ['sorting by another column', sorts()],
    ['opening a row, and back', opens()],
  ] as const)
    lines.push(await keyLine(what, terminal, keys));
  return lines;
}

/**
 * Measures the time until the screen is complete, compared with one response of the same server, both in
 * a terminal.
 */
async function firstScreen(daemon: TestDaemon): Promise<Line> {
  const timed = (open: () => Terminal, holds: (text: string) => boolean): Sample => {
    return async () => {
      const begunMs = performance.now();
      await using terminal = open();
      return (await terminal.shows(holds)) - begunMs;
    };
  };
  const tui = timed(() => dashboard(daemon), isWhole);
  const whoami = timed(
    () => run(daemon, 'whoami'),
    (text) => /\badmin\b/.test(text),
  );
  for (const warmUp of [tui, whoami]) await warmUp();
  const { ours, other, ratio, spread } = await compare(ROUNDS, tui, whoami);
  return {
    what: `first screen of latchkey tui, ${TOTAL} tokens, against latchkey whoami`,
    ours: `${ours.toFixed(0)} ms`,
    other: `${other.toFixed(0)} ms`,
    ratio,
    goal: 2,
    wanted: 'at most',
    spread,
  };
}

export function dashboard(daemon: TestDaemon): Terminal {
  return run(daemon, 'tui');
}

function run(daemon: TestDaemon, verb: string): Terminal {
  const command = `${program()} ${verb} --run ${daemon.runFolder} --local-admin`;
  return new Terminal(command, SIZE, { HOME: daemon.folder });
}

/** Returns true when the dashboard is connected and nothing is being loaded. */
function isWhole(text: string): boolean {
  return /● live/.test(text) && !/asking …|· …/.test(text);
}

export async function toTokens(terminal: Terminal): Promise<void> {
  await terminal.shows(isWhole);
  for (const [screen, heading] of [
    ['links', /^Links ·/m],
    ['tokens', /^Tokens ·/m],
  ] as const) {
    await terminal.pressed(':', (text) => /^:_/m.test(text));
    await terminal.pressed(screen, (text) => text.includes(`:${screen}_`));
    await terminal.pressed('\r', (text) => heading.test(text) && isWhole(text));
  }
}

/** A key, as bytes, and the condition that shows its effect. */
type Key = readonly [keys: string, holds: (text: string) => boolean];

/** Returns the condition that the cursor is on this row, and the row is visible. */
function at(row: number, total = TOTAL): (text: string) => boolean {
  const place = `· ${new Intl.NumberFormat('en').format(row)} of ${total}`;
  return (text) => text.includes(place) && /^▸.+/m.test(text);
}

function* moves(): Generator<Key> {
  for (let round = 0; round < 10; round += 1) {
    for (let row = 2; row <= 6; row += 1) yield ['j', at(row)];
    for (let page = 1; page <= 5; page += 1) yield ['\u001b[6~', at(6 + page * LINES)];
    yield ['G', at(SITE.tokens + 1)];
    yield ['g', at(1)];
  }
}

/** Yields keys that filter the list, ending without a filter. */
function* filters(): Generator<Key> {
  for (const login of ['user0012', 'user0345', 'user0499']) {
    yield ['/', (text) => /^\/.*_/m.test(text)];
    for (let end = 1; end <= login.length; end += 1) {
      const filter = `filter "${login.slice(0, end)}" · 1 of`;
      yield [login[end - 1] ?? '', (text) => text.includes(filter)];
    }
    yield ['\r', (text) => /\? help/.test(text)];
    yield ['\u001b', at(1)];
  }
}

/** Yields keys that sort by each column in turn, starting after the initial one. */
function* sorts(): Generator<Key> {
  for (let round = 0; round < 5; round += 1)
    for (const title of ['EXPIRES', 'FROM', 'TOKEN', 'LOGIN', 'USER', 'METHOD', 'ISSUED'])
      yield ['s', (text) => new RegExp(`${title}[↑↓]`).test(text) && at(1)(text)];
}

function* opens(): Generator<Key> {
  for (let round = 0; round < 20; round += 1) {
    yield ['\r', (text) => /its sessions/.test(text)];
    yield ['\u001b', at(1)];
  }
}

async function keyLine(what: string, terminal: Terminal, keys: Iterable<Key>): Promise<Line> {
  const taken: number[] = [];
  const held: number[] = [];
  for (const [key, holds] of keys) {
    taken.push(await terminal.pressed(key, holds));
    await delay(KEY_INTERVAL_MS);
    held.push(slowdown());
  }
  const late = percentile(taken, 0.99);
  const halves = [0, 1].map((half) =>
    percentile(
      taken.filter((_, index) => index % 2 === half),
      0.9,
    ),
  );
  return {
    what: `key to screen, ${TOTAL} tokens: ${what}, p99 of ${taken.length}, ms`,
    ours: `${late.toFixed(0)} ms (p50 ${median(taken).toFixed(0)})`,
    other: '-',
    ratio: late,
    goal: GOAL_MS,
    wanted: 'at most',
    spread: Math.max(spreadOf(halves[0] ?? 0, halves[1] ?? 0), percentile(held, 0.9)),
  };
}

/**
 * Returns by how much 20 ms of CPU, about the cost of a key, currently takes longer on this machine, as a
 * part of itself.
 */
function slowdown(): number {
  const begunMs = performance.now();
  const begun = process.cpuUsage();
  let workedMs = 0;
  while (workedMs < WORK_MS) {
    const { user, system } = process.cpuUsage(begun);
    workedMs = (user + system) / 1_000;
  }
  return (performance.now() - begunMs) / workedMs - 1;
}

function percentile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN;
}
