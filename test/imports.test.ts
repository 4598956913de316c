import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = dirname(import.meta.dirname);

/** What each room may import, and why nothing else. A file named here alone is open to that room. */
const rooms: Record<string, { may: string[]; why: string }> = {
  errors: { may: ['generated/latchkey/v1/error'], why: 'everything stands on it' },
  errno: { may: [], why: 'everything stands on it' },
  feed: { may: ['errors'], why: 'everything stands on it' },
  'login-shell': { may: ['errno', 'errors'], why: 'daemon and link must decide alike' },
  'process-stat': { may: [], why: 'everything stands on it' },
  version: { may: [], why: 'everything stands on it' },
  role: { may: [], why: 'it is read before any role is loaded' },
  packaged: { may: [], why: 'it loads what it is told to, and knows none of it' },
  'durable-file': { may: ['errno', 'errors'], why: 'everything stands on it' },
  'ask-program': { may: ['errors'], why: 'everything stands on it' },
  'owned-path': { may: ['errno', 'errors', 'durable-file'], why: 'everything stands on it' },
  'user-folders': { may: [], why: 'daemon and client must look in the same places' },
  inert: { may: [], why: 'everything stands on it' },
  log: { may: ['inert'], why: 'everything stands on it' },
  refusals: { may: ['log'], why: 'everything stands on it' },
  token: { may: ['errors'], why: 'daemon, link and client all check tokens, so it can know none of them' },
  native: { may: [], why: 'libc behind typed functions, nothing of what they are used for' },
  config: {
    may: ['user-folders', 'errors', 'inert', 'log', 'durable-file', 'owned-path'],
    why: 'it is read before anything else exists',
  },
  store: {
    may: ['errno', 'errors', 'log', 'durable-file'],
    why: 'it keeps rows and knows no rule about them',
  },
  authority: {
    may: ['token', 'store', 'errors', 'log', 'feed', 'durable-file', 'owned-path', 'config/secret'],
    why: 'tokens do not depend on what they are used for',
  },
  accounts: {
    may: ['ask-program', 'errors', 'owned-path', 'login-shell', 'config'],
    why: 'who somebody is does not depend on what they run',
  },
  link: {
    may: [
      'native',
      'token',
      'errno',
      'errors',
      'inert',
      'version',
      'login-shell',
      'process-stat',
      'terminal/progress',
      'client/error-info',
      'client/server-folder',
      'client/local-server',
      'client/trusted-folder',
      'generated',
    ],
    why: 'the link runs as its user, starts often and must carry nothing of the daemon',
  },
  links: {
    may: [
      'link/frames',
      'link/output-frame',
      'link/protocol',
      'native',
      'token',
      'store',
      'authority',
      'accounts',
      'errno',
      'errors',
      'version',
      'process-stat',
      'log',
      'feed',
      'generated/latchkey/link',
    ],
    why: 'it shares with the link what both ends must agree on, and nothing else',
  },
  sessions: {
    may: ['links', 'authority', 'token', 'store', 'errors', 'log', 'feed'],
    why: 'the domain knows no gRPC',
  },
  activity: {
    may: ['authority', 'links', 'sessions', 'inert', 'log', 'refusals'],
    why: 'it looks on, and takes part in nothing',
  },
  login: {
    may: [
      'authority',
      'accounts',
      'links',
      'link/account-proof',
      'store',
      'errors',
      'owned-path',
      'refusals',
    ],
    why: 'a way in knows no gRPC, and nothing of what a login then does',
  },
  api: {
    may: [
      'activity',
      'login',
      'sessions',
      'links',
      'authority',
      'accounts',
      'token',
      'store/page',
      'errors',
      'log',
      'refusals',
      'feed',
      'generated',
    ],
    why: 'it turns calls into one domain call each',
  },
  client: {
    may: ['user-folders', 'durable-file', 'token', 'errno', 'errors', 'generated'],
    why: 'it sees what any foreign client sees',
  },
  terminal: {
    may: ['errors', 'generated'],
    why: 'command line and dashboard say things alike, and it knows neither',
  },
  cli: {
    may: [
      'user-folders',
      'client',
      'terminal',
      'errors',
      'inert',
      'packaged/text',
      'version',
      'config',
      'generated',
    ],
    why: 'it can do what the public API can do',
  },
  'local-admin': {
    may: ['authority', 'config/run-files', 'log'],
    why: 'a part of the composition root',
  },
  logins: {
    may: ['login', 'authority', 'accounts', 'links', 'store', 'config', 'log', 'refusals'],
    why: 'a part of the composition root',
  },
  'server-certificate': { may: ['authority/pki', 'log'], why: 'a part of the composition root' },
  'service-manager': { may: ['native'], why: 'it is told and tells, and does not know of what' },
  doctor: {
    may: [
      'ask-program',
      'accounts',
      'api/peer-uid',
      'terminal/exit-status',
      'cli/io',
      'cli/output',
      'cli/output-gone',
      'terminal/table',
      'client/connect',
      'client/local-server',
      'config',
      'errno',
      'errors',
      'generated',
      'inert',
      'link/account-phase',
      'links/cgroups/delegation',
      'links/starters/sudo',
      'login/host-keys',
      'login/local-address',
      'login/ssh-connection',
      'native',
      'owned-path',
      'store/inspect',
      'store/reserve',
      'store/sqlite-database',
      'user-folders',
      'version',
    ],
    why: 'it asks the rooms by whose rules things are in order, and starts none of them',
  },
  daemon: { may: ['*'], why: 'the composition root' },
  serve: {
    may: [
      'user-folders',
      'daemon',
      'config',
      'errors',
      'inert',
      'log',
      'native/memory',
      'native/process',
      'service-manager',
      'version',
    ],
    why: 'arguments and signals around the daemon',
  },
  tui: {
    may: ['client', 'terminal', 'errors', 'inert', 'generated'],
    why: 'it can do what the public API can do',
  },
  main: {
    may: ['packaged/clean-start', 'role', 'version', 'serve', 'link', 'cli', 'tui', 'doctor'],
    why: 'it only dispatches',
  },
};

/** Packages that only some rooms may name. */
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
  yaml: { rooms: ['config'], why: 'only the configuration is YAML' },
};

interface Import {
  file: string;
  room: string;
  target: string;
}

const files = globSync(['src/**/*.ts', 'tui/**/*.{ts,tsx}'], { cwd: root }).filter(
  (file) => !file.startsWith('src/generated/') && !file.endsWith('.test.ts') && !file.includes('.test-'),
);
const imports: Import[] = files.flatMap((file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const named = [
    ...text.matchAll(
      /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ];
  return named.map((match) => ({ file, room: roomOf(file), target: match[1] ?? match[2] ?? match[3] ?? '' }));
});

/** A file in the words of the rows above: `links/links` for src/links/links.ts. */
function placeOf(file: string): string {
  return file.replace(/^src\//, '').replace(/\.tsx?$/, '');
}

function roomOf(file: string): string {
  return placeOf(file).split('/', 1)[0] ?? '';
}

/** `links/links` for './links.ts' seen from src/links/x.ts. */
function within({ file, target }: Import): string {
  return placeOf(relative(root, join(root, dirname(file), target)));
}

function isAllowed(from: Import): boolean {
  const to = within(from);
  if (roomOf(to) === from.room) return true;
  return (rooms[from.room]?.may ?? []).some((entry) => isWithin(to, entry));
}

/** Whether `entry`, as a room's row has it, means the file `to`. */
function isWithin(to: string, entry: string): boolean {
  return entry === '*' || to === entry || to.startsWith(`${entry}/`);
}

describe('imports run downward only', () => {
  test('every room is known', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in rooms))).toEqual([]);
  });

  test('a room imports only what stands below it', () => {
    const wrong = imports
      .filter((from) => from.target.startsWith('.') && !from.target.endsWith('.json') && !isAllowed(from))
      .map((from) => `${from.file} imports ${within(from)}: ${rooms[from.room]?.why}`);
    expect(wrong).toEqual([]);
  });

  test('no room may import what it does not', () => {
    const unused = Object.entries(rooms).flatMap(([room, { may }]) => {
      const used = imports.filter((from) => from.room === room && from.target.startsWith('.')).map(within);
      return may
        .filter((entry) => !used.some((to) => isWithin(to, entry)))
        .map((entry) => `${room}: ${entry}`);
    });
    expect(unused).toEqual([]);
  });

  test('a package is named only in the rooms that are there for it', () => {
    const wrong = imports
      .filter((from) => packages[from.target] && !packages[from.target]?.rooms.includes(from.room))
      .map((from) => `${from.file} imports ${from.target}: ${packages[from.target]?.why}`);
    expect(wrong).toEqual([]);
  });

  test('no file imports itself round a corner', () => {
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
