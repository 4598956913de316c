import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = dirname(dirname(import.meta.dirname));

/**
 * Small modules that know no room and that every room may import. Their own imports have rows below, like
 * those of the rooms.
 */
const GROUND = [
  'async',
  'errors',
  'errno',
  'exit-status',
  'feed',
  'grace-period',
  'inert',
  'merge-receipts',
  'values',
  'version',
];

/** The imports that each room may have, with the reason. An entry is a room, or a folder or file of one. */
const rooms: Record<string, Record<string, string>> = {
  errors: { 'generated/latchkey/v1/error': 'the reasons of an AppError are those that the API publishes' },
  errno: {},
  'exit-status': {},
  async: {},
  limits: {},
  'service-definition': {},
  feed: {},
  version: {},
  'grace-period': {},
  inert: {},
  'merge-receipts': {},
  values: {
    'generated/latchkey/v1/token': 'a login method has the name that the API gives it',
    'generated/google/protobuf/duration': 'durations become milliseconds here',
  },
  token: {},
  native: {},
  system: {},
  log: {},
  entry: { 'native/exec': 'a restart passes on arguments that are not UTF-8' },
  'link-protocol': {
    'generated/latchkey/link': 'a frame is one protobuf message',
    'generated/latchkey/v1/error': 'a refused registration says why with a published reason',
    'generated/google/rpc': 'and carries it as google.rpc.Status does',
  },
  copy: {
    'generated/latchkey/copy': 'a frame is one protobuf message',
    'link-protocol/message-decoder': 'frames are split as those of a link',
    native: 'two copies of the same file do not write to one; a pipe may hold more',
  },
  config: {
    system: "the file and what it names must be owned by somebody who is trusted; default folders are XDG's",
  },
  store: {
    system: 'the database file is made and synced as every other file of the state folder',
    log: 'a write that the disk refuses is logged while the calls wait',
  },
  authority: {
    token: 'it signs, and checks what it has signed',
    store: 'a token is valid while its row is there',
    system: 'keys are written atomically, and used only where nobody else could have written them',
    'config/settings/secret': 'a secret from which keys are derived never prints itself',
    log: 'a certificate that is renewed while the server runs, or cannot be, is logged',
  },
  accounts: {
    system: 'getent(1) is asked in a child process; a login shell is judged as the link judges it',
    config: 'roles and eligibility are settings',
  },
  link: {
    entry: 'its options come from the table of the role',
    native: 'it runs programs, reads their pipes and checks who is at the other end of a socket',
    token: "it verifies its own token and the proof with the server's public key",
    system: 'it judges its own login shell, and trusts a run folder as far as its owner',
    'link-protocol': 'it answers the server in frames',
    generated: 'RegisterLink is a call of the public API',
    'client/find/server-folder': '`latchkey link` keeps its token where the command line looks for one (F24)',
    'terminal/progress': 'registration may take seconds, and somebody may be waiting at a terminal',
    'terminal/relative-time': 'an idle session is told how long it has been idle',
  },
  supervisor: {
    'link-protocol': 'it speaks to links in frames',
    'generated/latchkey/link': 'what a frame contains is passed on unchanged',
    native: "the kernel says who listens on a link's socket",
    token: "a link's token says which link it is for",
    store: 'links and their sessions are found again after a restart',
    authority: 'a registered link gets a token, and ends with it',
    accounts: 'only an eligible account may have a link, and starts with what its logins get now',
    system: 'what a link uses is read from /proc',
    limits: 'the registrations and warnings of a link are limited',
    log: 'a link that breaks the protocol is logged',
  },
  sessions: {
    supervisor: 'a link runs the program, and says how it went',
    authority: 'a session started with a token that is revoked meanwhile does not start',
    token: "the token's claims say who starts",
    accounts: 'no session of an account with a role is given to another login',
    store: 'a session outlives the server in its row',
    log: 'failures after a start, and of retention, are logged',
    'config/settings/idle-rule': 'the settings say what happens to idle sessions',
    'generated/latchkey/link': 'a link is sent the rules for idle sessions, and says which are idle',
  },
  revocation: {
    audit: 'each revocation is logged with what it has ended',
    authority: 'tokens are refused there, their calls ended and their rows deleted',
    supervisor: 'a link ends with its token, and says when it has ended by itself',
    sessions: 'a session ends with its token where the settings say so, or alone',
    accounts: 'a manager may not end what belongs to an administrator',
    token: 'claims say which link and which login a token is of',
    log: 'a deletion that the disk refuses is logged',
  },
  audit: {
    authority: 'a token that is issued or removed has its claims there',
    sessions: 'a session starts and ends there',
    log: 'each event is a line',
  },
  activity: {
    authority: 'tokens issued and revoked are counted as they happen',
    supervisor: 'links come and go; what they use is measured here',
    sessions: 'sessions begin and end',
    log: 'refusals are counted where they are logged',
  },
  login: {
    authority: 'a user who has proven their identity gets a token',
    'token/claims': 'a login that starts a link is for the Linux user in the claims of a token (F18)',
    accounts: 'the name typed becomes the canonical name of the user database',
    config: "it opens the login methods that are configured; the administrator's token is a run file",
    revocation: "the administrator's token that is replaced ends like any other",
    supervisor: 'an SSH login leaves a link daemon behind (F12)',
    'link-protocol/account-proof': '`latchkey link --prove` answers over the SSH connection with this line',
    store: 'failed logins still count after a restart',
    system:
      "host keys are read only from files that nobody else can write; an account's shell gets quoted words",
    limits: 'the logins that dial sshd at once are limited',
    log: 'each refusal is counted and logged',
  },
  api: {
    accounts: 'roles say what a caller may do',
    activity: 'WatchActivity shows it',
    login: 'Login is a conversation of that room',
    sessions: 'SessionService is one domain call each',
    revocation: 'each call that ends something is one domain call',
    supervisor: 'LinkService is one domain call each',
    authority: "each call's token is checked there",
    token: 'the caller is known by claims',
    'store/page': "page tokens and orders of lists are the store's",
    'store/text-in': 'a watch finds by text what a list finds',
    limits: 'the calls of a connection and of a login are limited',
    log: 'each refusal is counted and logged',
    'link-protocol/error-info': 'errors have the domain and the trailer that clients look for',
    'service-definition': 'its services and their handlers are typed by what ts-proto generates',
    generated: 'messages and methods come from proto/',
  },
  client: {
    system: "server.json and the client's own files are used only where they can be trusted",
    token: "a token is verified against the server's keys before it is kept (N8)",
    'link-protocol/error-info': 'a refusal is rebuilt as the AppError it was',
    'service-definition': 'its methods are typed by what ts-proto generates',
    generated: 'messages and methods come from proto/',
  },
  terminal: {
    generated: 'receipts and states are shown in words',
    'system/shell-words': 'a command is shown as one would type it',
  },
  nouns: {
    client: 'a noun is listed and watched by calls of the public API',
    terminal: 'its values are formatted as in every output, and its JSON is described there',
    'system/shell-words': 'a command is shown as one would type it',
    generated: "it reads the protocol's messages",
  },
  cli: {
    nouns: 'lists, `show`, --json and completion show what a noun has',
    client: 'it can do what the public API can do, and no more',
    copy: '`latchkey cp` is one of the two ends of a copy',
    terminal: 'it says things as the dashboard says them',
    'native/raw-output': "Node's raw mode still changes what is written to the terminal of a session",
    config: '`latchkey config` reads the file without a server; a mistyped verb is answered with the nearest',
    system: "the folder of the client's configuration is XDG's",
    entry: 'help, completion and manual show the options of every role; `latchkey licenses` prints an asset',
    generated: "lists show the protocol's messages",
  },
  tui: {
    entry: 'its options come from the table of the role',
    nouns: 'a screen shows what a noun has',
    client: 'it can do what the public API can do, and no more',
    terminal: 'it says things as the command line says them',
    generated: "screens show the protocol's messages",
  },
  doctor: {
    entry: 'its options come from the table of the role',
    accounts: 'an account is judged by the rule that the server judges by',
    'api/transport/peer-uid': 'whether the server can tell callers of this host apart',
    cli: 'a broken pipe ends it as it ends the command line',
    client: 'it calls the server as any client',
    config: "the file is read by the server's own rules",
    generated: 'links are listed by the API',
    'link/account/account-phase': 'PAM is asked as a link asks it',
    login: 'sshd is dialled as a login dials it',
    native: "it looks as the server's user, and compares clocks",
    store: 'the database is opened for reading alone',
    'supervisor/cgroups/delegation': 'whether sessions can be ended by cgroup',
    'supervisor/starters/sudo': 'sudo is asked for the very command that the server will run',
    system: "folders are judged by the server's own rules",
    terminal: 'findings are laid out like every other output',
  },
  daemon: { '*': 'the composition root' },
  serve: {
    entry: 'its options come from the table of the role',
    daemon: 'the command around the server: arguments, signals, systemd',
    config: 'the file decides, and is read again on a reload',
    log: 'the command writes to the log of the server',
    native: 'sd_notify(3) is a datagram; no core is left behind with secrets in it',
    system: "default folders are XDG's",
  },
  main: {
    entry: 'which role an invocation asks for, and a clean environment, come before anything else is loaded',
    serve: '`latchkey serve`, loaded alone',
    link: '`latchkey link`, loaded alone: it starts often',
    cli: 'every other verb',
    tui: '`latchkey tui`',
    copy: "the host's end of `latchkey cp`, loaded alone: it starts with each",
    doctor: '`latchkey doctor`',
  },
};

/** Packages that only some rooms may import. */
const packages: Record<string, { rooms: string[]; why: string }> = {
  'node:ffi': { rooms: ['native'], why: 'it is experimental' },
  '@grpc/grpc-js': { rooms: ['api', 'client'], why: 'the domain throws AppError, never a gRPC status' },
  kysely: { rooms: ['store'], why: 'rows are read and written in one place' },
  'better-sqlite3': { rooms: ['store'], why: 'one schema, several databases' },
  pino: { rooms: ['log'], why: 'rooms write to a Log, and a test can give them any' },
  commander: { rooms: ['cli'], why: 'only the command line parses commands' },
  ink: { rooms: ['tui'], why: 'only the dashboard draws' },
  react: { rooms: ['tui'], why: 'only the dashboard draws' },
  zod: { rooms: ['config'], why: 'links and one-shot commands start without it' },
  ssh2: { rooms: ['login'], why: 'only a login dials sshd' },
  '@xterm/headless': { rooms: ['cli'], why: 'a screen is drawn only where a session is shown in a terminal' },
  '@xterm/addon-serialize': { rooms: ['cli'], why: 'it belongs to @xterm/headless' },
  yaml: { rooms: ['config'], why: 'only the configuration is YAML' },
};

interface Import {
  file: string;
  room: string;
  target: string;
}

const files = globSync(['src/**/*.ts', 'tui/**/*.{ts,tsx}'], { cwd: root }).filter(
  (file) => !file.startsWith('src/generated/') && !file.endsWith('.test.ts'),
);
const imports: Import[] = files.flatMap(importsOf);

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const named = [
    ...text.matchAll(
      /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ];
  return named.map((match) => ({ file, room: roomOf(file), target: match[1] ?? match[2] ?? match[3] ?? '' }));
}

/** Returns the packages that `sources` import, without the modules of Node.js. */
function packagesIn(sources: readonly string[]): string[] {
  const targets = sources.flatMap(importsOf).map(({ target }) => target);
  const names = targets.flatMap((target) => /^(?!node:)(?:@[\w-]+\/)?\w[\w.-]*/.exec(target)?.[0] ?? []);
  return [...new Set(names)];
}

/** Returns the name of a file in the rows above: `supervisor/links` for src/supervisor/links.ts. */
function placeOf(file: string): string {
  return file.replace(/^src\//, '').replace(/\.tsx?$/, '');
}

function roomOf(file: string): string {
  return placeOf(file).split('/', 1)[0] ?? '';
}

/**
 * Returns the name of the imported file in the rows above: `supervisor/link` for './link.ts' in
 * src/supervisor/links.ts.
 */
function within({ file, target }: Import): string {
  return placeOf(relative(root, join(root, dirname(file), target)));
}

function isAllowed(from: Import): boolean {
  const to = within(from);
  if (roomOf(to) === from.room) return true;
  return [...GROUND, ...permissions(from.room)].some((entry) => isWithin(to, entry));
}

function permissions(room: string): string[] {
  return Object.keys(rooms[room] ?? {});
}

/** True when `entry` of a row covers the file `to`. */
function isWithin(to: string, entry: string): boolean {
  return entry === '*' || to === entry || to.startsWith(`${entry}/`);
}

describe('imports run downward only', () => {
  test('every room is known', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in rooms))).toEqual([]);
  });

  test('a room imports only what its row permits', () => {
    const wrong = imports
      .filter((from) => from.target.startsWith('.') && !from.target.endsWith('.json') && !isAllowed(from))
      .map(
        (from) =>
          `${from.file} imports ${within(from)}; ${from.room} may use ${permissions(from.room).join(', ')}`,
      );
    expect(wrong).toEqual([]);
  });

  test('a row permits nothing that its room does not import', () => {
    const unused = Object.keys(rooms).flatMap((room) => {
      const used = imports.filter((from) => from.room === room && from.target.startsWith('.')).map(within);
      return permissions(room)
        .filter((entry) => !used.some((to) => isWithin(to, entry)))
        .map((entry) => `${room}: ${entry}`);
    });
    expect(unused).toEqual([]);
  });

  test('a package is imported only by the rooms that may', () => {
    const wrong = imports
      .filter((from) => packages[from.target] && !packages[from.target]?.rooms.includes(from.room))
      .map((from) => `${from.file} imports ${from.target}: ${packages[from.target]?.why}`);
    expect(wrong).toEqual([]);
  });

  test('packages that the program imports are dependencies, those of tests and build are not', () => {
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const used = new Set(packagesIn([...files, ...globSync('src/generated/**/*.ts', { cwd: root })]));
    expect([...used].sort()).toEqual(Object.keys(dependencies));
    const others = packagesIn(globSync('{src,tui,test,build}/**/*.{ts,tsx,mjs}', { cwd: root }));
    const declared = { ...dependencies, ...devDependencies };
    expect(others.filter((name) => !(name in declared))).toEqual([]);
  });

  test('no imports form a cycle', () => {
    const edges = new Map(files.map((file) => [placeOf(file), [] as string[]]));
    for (const from of imports)
      if (from.target.startsWith('.')) edges.get(placeOf(from.file))?.push(within(from));
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, path: string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' -> '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
      done.add(file);
    };
    for (const file of edges.keys()) walk(file, []);
    expect(cycles).toEqual([]);
  });
});
