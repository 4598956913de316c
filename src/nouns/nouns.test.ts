import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeJson } from '../../build/package/json-page.ts';
import { Page } from '../../build/package/roff.ts';
import { listed, press } from '../../test/support/terminal/dashboard-state.ts';
import { memoryOutput } from '../../test/support/terminal/memory-io.ts';
import { listScreen } from '../../tui/screens/list-screen.ts';
import { initialState } from '../../tui/state/state.ts';
import { draw } from '../../tui/view/draw.ts';
import { appearanceOf } from '../../tui/view/theme.ts';
import { jsonManual } from '../cli/output/json-manual.ts';
import { showItem, showList } from '../cli/output/listing.ts';
import { Run } from '../cli/run.ts';
import { WatchLines } from '../cli/watch/watch.ts';
import { Link } from '../generated/latchkey/v1/link.ts';
import { Session } from '../generated/latchkey/v1/session.ts';
import { AuthMethod, Login, Token } from '../generated/latchkey/v1/token.ts';
import { openStore } from '../store/open.ts';
import { selectLogins } from '../store/tables/logins.ts';
import { selectSessions } from '../store/tables/sessions.ts';
import { selectTokens } from '../store/tables/tokens.ts';
import { pageOfLinks } from '../supervisor/listing.ts';
import { asJson, string } from '../terminal/json.ts';
import { links } from './links.ts';
import { logins } from './logins.ts';
import { type Noun, ordersOf, type PrintedNoun } from './noun.ts';
import { sessions } from './sessions.ts';
import { tokens } from './tokens.ts';

const printed = { tokens, links, sessions };
const manuals = { ...printed, logins };

/** Returns the noun with an additional value to show, and a server that has one item of it. */
function coloured<Item, Described extends Noun<Item>>(noun: Described & Noun<Item>, item: Item): Described {
  return {
    ...noun,
    columns: [...noun.columns, { title: 'COLOUR', value: () => 'crimson' }],
    fields: () => [...noun.fields(item), { name: 'colour', value: 'crimson' }],
    list: async () => ({ items: [item], nextPageToken: '', total: 1 }),
  };
}

function colouredJson<Item>(noun: PrintedNoun<Item>, item: Item): PrintedNoun<Item> {
  const colour = string<Item>('its colour', () => 'crimson');
  return { ...coloured<Item, PrintedNoun<Item>>(noun, item), members: { ...noun.members, colour } };
}

/** Returns everything that the command line prints on standard output. */
function printedBy(show: (run: Run) => void, globals: { json?: boolean } = {}): string {
  const { io, stdout } = memoryOutput();
  show(new Run(io, globals));
  return stdout.text;
}

function pageOf(manual: ReturnType<typeof jsonManual>): string {
  const page = new Page({ name: 'latchkey-json', section: 5, about: '', date: '', version: '' });
  writeJson(page, manual);
  return `${page}`;
}

/** Returns the noun's screen, after `keys`, with its only item. */
async function drawn<Item>(noun: Noun<Item>, ...keys: string[]): Promise<string> {
  const screen = listScreen(noun, {
    order: { by: '', descending: false },
    target: () => ({ title: '' }),
    actions: [],
  });
  const query = { screen, scope: {}, filter: '', order: undefined };
  const { signal } = new AbortController();
  const { items } = await screen.page(undefined as never, { query, pageSize: 1, pageToken: '', signal });
  const who = { login: 'root', jti: 'own', role: 'admin', server: 'host:7300' };
  const state = listed(initialState(who, screen, false, { columns: 120, rows: 24 }), items);
  return draw(press(state, ...keys), 0, appearanceOf('none', false))
    .map(stripVTControlCharacters)
    .join('\n');
}

async function showsEverywhere<Item>(
  name: keyof typeof printed,
  described: PrintedNoun<Item>,
  item: Item,
): Promise<void> {
  const noun = colouredJson(described, item);
  const list = { items: [item], total: 1 };
  hasColumn(printedBy((run) => showList(run, list, noun)));
  expect(printedBy((run) => showItem(run, item, noun))).toMatch(/^colour {2,}crimson$/m);
  const asDocument = (show: (run: Run) => void) => JSON.parse(printedBy(show, { json: true }));
  const told = expect.objectContaining({ colour: 'crimson' });
  expect(asDocument((run) => showList(run, list, noun))).toEqual({ [noun.many]: [told], total: 1 });
  expect(asDocument((run) => showItem(run, item, noun))).toEqual({ [noun.one]: told });
  const event = asDocument((run) => new WatchLines(run, noun).show({ kind: 'there', item }));
  expect(event).toEqual({ event: 'there', [noun.one]: told });
  const sections = pageOf(jsonManual({ ...manuals, [name]: noun })).split('.SS ');
  const section = sections.find((each) => each.startsWith(`"${noun.one}"\n`));
  expect(section).toContain('.B colour\n(string) its colour\n');
  await showsOnScreen(noun);
}

/** Expects the value below its heading. */
function hasColumn(table: string): void {
  const lines = table.split('\n');
  const at = lines.findIndex((line) => line.includes('COLOUR'));
  expect(lines[at + 1]?.indexOf('crimson')).toBe(lines[at]?.indexOf('COLOUR'));
  expect(at).toBeGreaterThanOrEqual(0);
}

async function showsOnScreen<Item>(noun: Noun<Item>): Promise<void> {
  hasColumn(await drawn(noun));
  expect(await drawn(noun, 'enter')).toMatch(/^ {2}colour +crimson *$/m);
}

describe('a new column, field or member', () => {
  it('of a token is in the table, in show, in --json, in its manual and on the dashboard', () =>
    showsEverywhere('tokens', tokens, Token.fromPartial({ jti: 't1', login: 'alice' })));

  it('of a link is in all of them too', () =>
    showsEverywhere('links', links, Link.fromPartial({ socket: 'l1', linuxUser: 'alice' })));

  it('of a session is in all of them too', () =>
    showsEverywhere('sessions', sessions, Session.fromPartial({ id: 's1', login: 'alice' })));

  it('of a login is on the dashboard', () => {
    const alice = Login.fromPartial({ login: 'alice' });
    return showsOnScreen(coloured<Login, Noun<Login>>(logins, alice));
  });
});

describe('a noun', () => {
  it('has exactly the members of its protobuf message in JSON', () => {
    const common = { jti: 'jti', linuxUser: 'linuxUser', socket: 'socket' };
    const token = {
      ...common,
      login: 'login',
      issuedAt: new Date(1),
      expiresAt: new Date(2),
      clientIp: 'clientIp',
      hostname: 'hostname',
      daemon: true,
      serverId: 'serverId',
      parentJti: 'parentJti',
      current: false,
    };
    const link = {
      ...common,
      uid: 1,
      pid: 2,
      daemon: true,
      createdAt: new Date(3),
      sessions: 4,
      version: 'version',
    };
    const session = {
      ...common,
      id: 'id',
      login: 'login',
      startedAt: new Date(1),
      endedAt: new Date(2),
      exitStatus: 3,
      oomKills: 7,
      cpuMilliseconds: 8,
      memoryBytes: 9,
      attached: 4,
      cordon: { message: 'why', by: 'bob', cordonedAt: new Date(5) },
      readableFrom: 6,
      startedBy: 'startedBy',
    };
    const state = 'unknown';
    const printedToken = asJson(
      tokens.members,
      Token.fromPartial({ ...token, authMethod: AuthMethod.LINK_DAEMON }),
    );
    expect(asPrinted(printedToken)).toEqual(asPrinted({ ...token, authMethod: 'link-daemon' }));
    expect(asPrinted(asJson(links.members, Link.fromPartial(link)))).toEqual(asPrinted({ ...link, state }));
    const program = {
      command: [Buffer.from('a\xe9', 'latin1')],
      directory: Buffer.from('/ü'),
      terminal: { columns: 80, rows: 24 },
    };
    const printedSession = asJson(sessions.members, Session.fromPartial({ ...session, ...program }));
    const inWords = { state, command: ['a\udce9'], directory: '/ü', terminal: '80x24', idle: null };
    expect(asPrinted(printedSession)).toEqual(asPrinted({ ...session, ...inWords }));
    const wanted = [Token, Link, Session, Login].map((message) => Object.keys(message.fromPartial({})));
    const members = [tokens, links, sessions, logins].map((noun) => Object.keys(noun.members));
    expect(members.map((names) => names.toSorted())).toEqual(wanted.map((names) => names.toSorted()));
  });

  it('names exactly the orders that the server has', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-nouns-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    await using store = await openStore({ url: `sqlite:${join(folder, 'test.db')}` });
    const ask = { orderBy: 'nothing', pageSize: 1 };
    const refusals = [
      [tokens, () => store.read((db) => selectTokens(db, ask))],
      [logins, () => store.read((db) => selectLogins(db, ask))],
      [sessions, () => store.read((db) => selectSessions(db, ask))],
      [links, async () => pageOfLinks([], ask)],
    ] as const;
    for (const [noun, list] of refusals) {
      const message = await list().then(String, ({ message }: Error) => message);
      const [, known = message] = /one of ((?:\w+, )*\w+), /.exec(message) ?? [];
      expect(ordersOf(noun).toSorted()).toEqual(known.split(', ').toSorted());
    }
  });
});

function asPrinted(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value));
}
