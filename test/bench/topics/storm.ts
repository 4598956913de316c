/**
 * A thousand tokens a second are issued and revoked, ten of them with a link, while the dashboard shows
 * the list: frames drawn, the cost for dashboard and server, the delay, and whether the final screen is
 * right.
 */

import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../../src/client/connect/connect.ts';
import { tokensById } from '../../../src/client/token-selection.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import { cpuMsOf } from '../cpu.ts';
import { mebibytesOf } from '../memory.ts';
import { Child } from '../processes/child.ts';
import type { LinksWanted, Registered } from '../processes/crowd-process.ts';
import { type Line, spreadOf } from '../report/line.ts';
import { seed } from '../seed.ts';
import { clientOf, startDaemon } from '../served.ts';
import type { Terminal } from '../terminal.ts';
import { dashboard, toTokens } from './dashboard.ts';

const SITE = { tokens: 100_000, logins: 5_000, sessions: 10_000 };
const SECONDS = 15;
const TURNS_A_SECOND = 10;
/**
 * Tokens revoked each second, from both ends of the list, so that half of them are on the screen or near.
 */
const REVOKED = 98;
const LINKS = 1;
/** Several users, since a server accepts sixty links a minute from each. */
const USERS = { first: 8_000, count: 20 };
const PAGE = 1_000;
const LOOK_MS = 500;
const NUMBER = new Intl.NumberFormat('en');
/** A row on the screen: the cursor's mark, and its token. */
const ROW = /^([▸ ])[● ]([\da-f-]{36}) /gm;

type Crowd = Child<string, Registered>;

export async function measure(folder: () => string): Promise<Line[]> {
  await using daemon = await startDaemon({}, await seed(folder(), SITE));
  await using admin = await clientOf(daemon);
  await using crowd = await crowdOf(daemon);
  const work = (): Promise<number> => storm(admin, crowd);
  const before = await costs(daemon, work);
  const seen = await watched(daemon, admin, work);
  const after = await costs(daemon, work);
  const line = lineOf(Math.min(1, SECONDS / seen.seconds));
  const percent = ({ cpuMs, seconds }: Cost): number => cpuMs / seconds / 10;
  const unwatched = (percent(before) + percent(after)) / 2;
  return [
    line('frames drawn a second', seen.frames / seen.seconds, '', 10),
    line('CPU of the dashboard, % of a core', percent(seen.own), ' %', 50),
    line(
      'most memory of the dashboard',
      seen.mostMebibytes,
      ` MiB (${seen.mebibytes.toFixed(0)} before)`,
      150,
    ),
    line('from the last change until the screen shows all', seen.behindMs, ' ms', 1_000),
    {
      ...line('CPU of the server, watched by the dashboard against by nobody', percent(seen), ' %', 1.5),
      other: `${unwatched.toFixed(0)} %`,
      ratio: percent(seen) / unwatched,
      spread: spreadOf(percent(before), percent(after)),
    },
  ];
}

/** Returns lines for a storm that reached this part of its rate: an easier load does not count. */
function lineOf(part: number): (what: string, value: number, unit: string, goal: number) => Line {
  const rate = NUMBER.format(Math.round(1_000 * part));
  return (what, value, unit, goal) => ({
    what: `storm of ${rate} changes a second: ${what}`,
    ours: `${value.toFixed(value < 100 ? 1 : 0)}${unit}`,
    other: '-',
    ratio: value,
    goal,
    wanted: 'at most',
    spread: 1 - part,
  });
}

/** Starts the users who register links. */
async function crowdOf(daemon: TestDaemon): Promise<Crowd> {
  const uids = Array.from({ length: USERS.count }, (_, index) => `${USERS.first + index}`);
  for (const uid of uids) appendFileSync('/etc/passwd', `crowd${uid}:x:${uid}:${uid}::/mnt/home:/bin/sh\n`);
  return Child.start('crowd-process.ts', [daemon.runFolder, ...uids]);
}

/** Returns the duration in seconds; a busy machine may be slower than intended. */
async function storm(admin: Client, crowd: Crowd): Promise<number> {
  const turns = SECONDS * TURNS_A_SECOND;
  const newest = await ids(admin, 'issued_at desc', (turns * REVOKED) / 2);
  const oldest = await ids(admin, 'issued_at', (turns * REVOKED) / 2);
  const begunMs = performance.now();
  const registered = crowd.ask({ links: turns * LINKS } satisfies LinksWanted);
  for (let turn = 0; turn < turns; turn += 1) {
    const jtis = [...newest.splice(0, REVOKED / 2), ...oldest.splice(0, REVOKED / 2)];
    await admin.tokens.revokeTokens({ selection: tokensById(jtis) });
    await delay(Math.max(0, begunMs + ((turn + 1) * 1_000) / TURNS_A_SECOND - performance.now()));
  }
  await registered;
  return (performance.now() - begunMs) / 1_000;
}

async function ids(admin: Client, orderBy: string, count: number): Promise<string[]> {
  const jtis: string[] = [];
  let pageToken = '';
  while (jtis.length < count) {
    const page = await admin.tokens.listTokens({ orderBy, pageSize: PAGE, pageToken });
    jtis.push(...page.tokens.filter(({ current }) => !current).map(({ jti }) => jti));
    pageToken = page.nextPageToken;
  }
  return jtis.slice(0, count);
}

interface Cost {
  readonly cpuMs: number;
  readonly seconds: number;
}

/** Measures the cost of `work` for a process. */
async function costs({ pid }: { readonly pid: number }, work: () => Promise<number>): Promise<Cost> {
  const beforeMs = cpuMsOf(pid);
  const seconds = await work();
  return { cpuMs: cpuMsOf(pid) - beforeMs, seconds };
}

interface Seen extends Cost {
  readonly frames: number;
  readonly own: Cost;
  readonly behindMs: number;
  readonly mebibytes: number;
  readonly mostMebibytes: number;
}

async function watched(daemon: TestDaemon, admin: Client, work: () => Promise<number>): Promise<Seen> {
  await using terminal = dashboard(daemon);
  await toTokens(terminal);
  const mebibytes = mebibytesOf(terminal.pid);
  let mostMebibytes = mebibytes;
  const timer = setInterval(() => {
    mostMebibytes = Math.max(mostMebibytes, mebibytesOf(terminal.pid));
  }, LOOK_MS);
  try {
    const framesBefore = terminal.frames;
    let own: Cost | undefined;
    const cost = await costs(daemon, async () => {
      own = await costs(terminal, work);
      return own.seconds;
    });
    const endedMs = performance.now();
    const frames = terminal.frames - framesBefore;
    const behindMs = (await agrees(terminal, admin)) - endedMs;
    return { ...cost, own: own ?? cost, frames, behindMs, mebibytes, mostMebibytes };
  } finally {
    clearInterval(timer);
  }
}

/**
 * Resolves with the time when the screen shows the total, the cursor's position and the rows around it as
 * the server lists them.
 */
async function agrees(terminal: Terminal, admin: Client): Promise<number> {
  const { tokens, totalSize: total } = await admin.tokens.listTokens({ pageSize: PAGE });
  const listed = tokens.map(({ jti }) => jti);
  return terminal.shows((text) => {
    const shown = [...text.matchAll(ROW)].map(([, cursor, jti = '']) => ({ isCursor: cursor === '▸', jti }));
    const first = listed.indexOf(shown[0]?.jti ?? '');
    const place = first + shown.findIndex(({ isCursor }) => isCursor) + 1;
    const isListed = shown.every(({ jti }, index) => listed[first + index] === jti);
    return (
      shown.length > 0 && isListed && text.includes(` ${NUMBER.format(place)} of ${NUMBER.format(total)}`)
    );
  }, 'the storm');
}
