import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serverNames } from '../authority/keys/server-names.ts';
import { isAppError } from '../errors.ts';
import { ownUid } from '../system/owned-path.ts';
import { type Config, loadConfig } from './config.ts';
import { groupId } from './paths/group-id.ts';
import { SETTING_BY_NAME } from './settings/settings.ts';

const GOOD_SECRET = 'k3Jx0q9sZmVtP2wLrY7nBvC5dG8hT1aQ';
/**
 * A uid that is neither root's nor this process's, so that the mode is self for everybody who runs the tests.
 */
const SOMEBODY = 4_000_000_000;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
  file = join(folder, 'config.yaml');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Loads `yaml` as the configuration file of the user that runs the tests. */
function load(yaml: string, env: NodeJS.ProcessEnv = {}): Config {
  writeFileSync(file, yaml, { mode: 0o600 });
  return loadConfig({ argv: { config: file }, env, uid: ownUid(), home: '/home/u' });
}

/** Loads a configuration in self mode, without a file. */
function loadSelf(env: NodeJS.ProcessEnv, run?: string): Config {
  return loadConfig({ argv: { run }, env, uid: SOMEBODY, home: '/home/u' });
}

/** Returns the one-line message of the refusal. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!isAppError(error, 'CONFIG_INVALID')) throw error;
    expect(error.message).not.toContain('\n');
    return error.message.replaceAll(file, 'FILE');
  }
  throw new Error('it was not refused');
}

describe('where values come from', () => {
  test('environment overrides file, file overrides default, each with its source', () => {
    const config = load('tokens: { lifetime: 2h }\nlog: { level: debug, format: json }\n', {
      LATCHKEY_LOG_LEVEL: 'warn',
    });
    expect(config.log).toEqual({ level: 'warn', format: 'json' });
    expect(config.tokens.lifetimeSeconds).toBe(7_200);
    expect(config.sessions.retentionMs).toBe(7 * 86_400_000);
    const { entries } = config;
    const names = ['log.level', 'log.format', 'sessions.retention'] as const;
    expect(names.map((name) => entries[name].source)).toEqual(['environment', 'file', 'default']);
    expect(entries['log.format'].where).toBe(`${file}:2`);
  });

  test('the environment can set lists, maps, numbers and booleans', () => {
    const config = loadSelf({
      LATCHKEY_TOKENS_LIFETIMES: 'link=1h, link-daemon=1d',
      LATCHKEY_LINKS_ELIGIBLE_USERS: 'root, alice,alice',
      LATCHKEY_LINKS_ELIGIBLE_MIN_UID: '500',
      LATCHKEY_LINKS_SHUTDOWN_ON_LOGOUT: 'true',
      LATCHKEY_LINKS_LIMITS_PROCESSES: '200',
      LATCHKEY_LINKS_LIMITS_MEMORY: '1GiB',
      LATCHKEY_ROLES_ADMIN_GROUPS: 'wheel,unix:domain admins',
      LATCHKEY_ROLES_MANAGER_USERS: '',
      LATCHKEY_SESSIONS_OUTPUT_LIMIT: '1GiB',
    });
    expect(config.tokens.lifetimes).toEqual({ link: 3_600, 'link-daemon': 86_400 });
    expect(config.links).toEqual({
      sudo: true,
      limits: { processes: 200, memoryBytes: 1024 ** 3 },
      shutdownOnLogout: true,
      eligible: { minUid: 500, users: ['root', 'alice'] },
    });
    expect(config.roles).toEqual({
      admin: { users: [], groups: ['unix:wheel', 'unix:domain admins'] },
      manager: { users: [], groups: [] },
    });
    expect(config.sessions.outputLimitBytes).toBe(1024 ** 3);
  });

  test('variables of clients and of Kubernetes are ignored', () => {
    const names = [
      'SERVER',
      'TOKEN',
      'TOKEN_FILE',
      'CA',
      'SESSION_ID',
      'PORT',
      'SERVICE_HOST',
      'PORT_7300_TCP_ADDR',
    ];
    const env = Object.fromEntries(names.map((name) => [`LATCHKEY_${name}`, 'x']));
    expect(Object.values(loadSelf(env).entries).every(({ source }) => source === 'default')).toBe(true);
  });

  test('an empty file and empty sections leave all defaults', () => {
    for (const yaml of ['', '# nothing\n', 'api:\nlinks: { eligible: }\n', '{}']) {
      const sources = Object.values(load(yaml).entries).map(({ source }) => source);
      expect(new Set(sources)).toEqual(new Set(['default']));
    }
  });
});

describe('the two modes', () => {
  test("self mode uses only the user's own folders and loopback", () => {
    const { mode, api, paths, store } = loadSelf({});
    expect([mode, api.listen]).toEqual(['self', { host: '127.0.0.1', port: 7300 }]);
    const state = '/home/u/.local/state/latchkey';
    expect(paths).toEqual({
      mode,
      state,
      pki: `${state}/pki`,
      run: `${state}/run`,
      links: `${state}/run/links`,
    });
    expect(store.url).toBe(`sqlite:${state}/latchkey.db`);
    const xdg = { XDG_STATE_HOME: '/x/state', XDG_RUNTIME_DIR: '/x/run', XDG_CONFIG_HOME: 'relative' };
    expect(loadSelf(xdg).paths).toMatchObject({ state: '/x/state/latchkey', run: '/x/run/latchkey' });
    expect(loadSelf(xdg, '/elsewhere').paths.run).toBe('/elsewhere');
    expect(refusal(() => loadSelf({ LATCHKEY_API_LISTEN: '[::]:7300' }))).toMatch(
      /^environment variable LATCHKEY_API_LISTEN: api.listen is "\[::\]:7300"; expected a loopback address/,
    );
    expect(loadSelf({ LATCHKEY_API_LISTEN: '[::1]:0' }).api.listen).toEqual({ host: '::1', port: 0 });
  });

  test('system mode has the system paths and listens on every address', (ctx) => {
    if (existsSync('/etc/latchkey/config.yaml')) ctx.skip('this host is configured for Latchkey');
    const { mode, api, paths, server } = loadConfig({ argv: {}, env: {}, uid: 0, home: '/root' });
    expect([mode, api.listen]).toEqual(['system', { host: '::', port: 7300 }]);
    expect([paths.state, paths.links]).toEqual(['/var/lib/latchkey', '/run/latchkey/links']);
    expect(server.id).toBeUndefined();
  });
});

const LONG_LABEL = `${'a'.repeat(64)}.x`;
const NO_DNS_NAMES = [
  'host..x',
  'host.',
  '.host',
  'host-.x',
  '-host',
  LONG_LABEL,
  `${'a.'.repeat(127)}a`,
  'ä.x',
  'a b',
];

describe('a host name is one that a certificate can contain and DNS can find', () => {
  test.for([...NO_DNS_NAMES, '192.0.2.1', '::1'])('server.hostname: %s is refused', (name) => {
    expect(refusal(() => load(`server: { hostname: "${name}" }`))).toMatch(
      /^FILE:1: server\.hostname is .*; expected a DNS name,/,
    );
  });

  test.for([...NO_DNS_NAMES, '-oProxyCommand=x', '127.0.0.1:22'])('login.ssh.host: %s is refused', (name) => {
    expect(refusal(() => load(`login: { ssh: { host: "${name}" } }`))).toMatch(
      /^FILE:1: login\.ssh\.host is .*; expected a host name or IP address/,
    );
  });

  test.for(['host', 'Host_1.example.ORG', `${'a'.repeat(63)}.x`, '7.x', 'xn--4ca.example'])(
    '%s is taken',
    (name) => {
      const config = load(`server: { hostname: "${name}" }\nlogin: { ssh: { host: "${name}" } }`);
      expect([config.server.hostname, config.login.ssh.host]).toEqual([name, name]);
      const { names } = serverNames({ names: [name], addresses: [], serverId: 'lk-1' });
      expect(names).toContain(name.toLowerCase());
    },
  );
});

describe('an error names file, key, value found, value expected and remedy in one line', () => {
  test.each([
    ['sesions: {}', 'FILE:1: unknown key "sesions". Did you mean sessions? Remove or rename it'],
    [
      'tokens:\n  lifetme: 8h',
      'FILE:2: unknown key "tokens.lifetme". Did you mean tokens.lifetime? Remove or rename it',
    ],
    ['web: {}', 'FILE:1: unknown key "web". Remove or rename it'],
    [
      'api: { listen: foo }',
      /^FILE:1: api\.listen is "foo"; expected an IP address and a port .*\. Correct that line$/,
    ],
    ['log: { level: loud }', /log\.level is "loud"; expected one of trace, debug/],
    ['tokens: { lifetime: 8 }', /tokens\.lifetime is the number 8; expected a duration with its unit/],
    ['tokens: { lifetime: 99999d }', /expected a duration/],
    [
      'tokens: { lifetimes: { sssh: 1h } }',
      /tokens\.lifetimes is the map \{"sssh":"1h"\}; expected durations/,
    ],
    ['tokens: { lifetimes: { __proto__: 1h } }', /unknown key "tokens.lifetimes.__proto__"/],
    ['sessions: { output_limit: 1KiB }', /sessions\.output_limit is "1KiB"; expected a size/],
    ['links: { shutdown_on_logout: yes }', /is "yes"; expected true or false/],
    ['links: { eligible: { users: bob } }', /is "bob"; expected a list of user names/],
    ['links: { eligible: { users: ["-x"] } }', /expected a list of user names/],
    ['links: { eligible: { users: ["a\\nb"] } }', /expected a list of user names/],
    ['links: { eligible: { users: [1000] } }', /is the list \[1000\]; expected a list of user names/],
    ['links: { eligible: { min_uid: -1 } }', /is the number -1; expected a whole number/],
    ['roles: { admin: { groups: ["oidc:x:y"] } }', /expected a list of Linux groups/],
    ['paths: { state: here }', /paths\.state is "here"; expected an absolute path/],
    ['store: { url: "postgres://x/y" }', /store\.url is "postgres:\/\/x\/y"; expected sqlite:/],
    ['server: { id: proxy }', /server\.id is "proxy"; expected .* not "proxy"/],
    ['server: { id: Ünï }', /server\.id is "Ünï"/],
    ['server: { id: 10.0.0.1 }', /server\.id is "10.0.0.1"/],
    ['server: { id: a..b }', /server\.id/],
    ['api: 3', /FILE:1: api is the number 3; expected a section/],
    ['- a', /expected sections such as "api:"/],
    ['api.listen: "127.0.0.1:0"', /FILE:1: the key "api\.listen" has a dot/],
    ['? [a]\n: b', /FILE:1: a key is not text/],
    [
      'log:\n  level: info\n  level: warn',
      'FILE:3: the key "level" in log is duplicated; expected once. Remove one',
    ],
    ['tokens: { lifetime: "1\u202eh\u001b" }', /is "1\\u202eh\\u001b";/],
  ])('%j', (yaml, line) => {
    const message = refusal(() => load(yaml));
    if (typeof line === 'string') expect(message).toBe(line);
    else expect(message).toMatch(line);
  });

  test.each([...SETTING_BY_NAME.keys()])('a map of maps is refused for %s', (name) => {
    const open = name.split('.').map((part) => `{ ${part}: `);
    const close = name.split('.').map(() => ' }');
    expect(refusal(() => load(`${open.join('')}{ a: { b: c } }${close.join('')}`))).toContain(
      `FILE:1: ${name} is `,
    );
  });

  test('a value that the environment overrides is checked, too', () => {
    expect(refusal(() => load('log: { level: loud }', { LATCHKEY_LOG_LEVEL: 'info' }))).toContain('"loud"');
  });

  test.each([
    [
      'LATCHKEY_API_LISTN',
      'x',
      /"LATCHKEY_API_LISTN" is not a setting\. Did you mean LATCHKEY_API_LISTEN\? Unset/,
    ],
    ['LATCHKEY_WEB_LISTEN', 'x', /"LATCHKEY_WEB_LISTEN" is not a setting/],
    [
      'LATCHKEY_TOKENS_LIFETIME',
      '',
      /LATCHKEY_TOKENS_LIFETIME: tokens\.lifetime is "".*Correct the variable/,
    ],
    ['LATCHKEY_TOKENS_LIFETIMES', 'link=1h,link=2h', /tokens\.lifetimes is "link=1h,link=2h"/],
    ['LATCHKEY_TOKENS_LIFETIMES', '__proto__=1h', /tokens\.lifetimes is/],
    ['LATCHKEY_LINKS_SHUTDOWN_ON_LOGOUT', '1', /is "1"; expected true or false/],
    ['LATCHKEY_LINKS_ELIGIBLE_MIN_UID', '1e3', /is "1e3"; expected a whole number/],
  ])('environment variable %s=%s', (name, value, line) => {
    expect(refusal(() => loadSelf({ [name]: value }))).toMatch(line);
  });
});

describe('secrets (A6)', () => {
  test('a secret is read and never shown', () => {
    const config = load(`tokens: { secret: ${GOOD_SECRET} }`);
    expect(config.tokens.secret?.reveal()).toBe(GOOD_SECRET);
    expect(JSON.stringify(config)).not.toContain(GOOD_SECRET);
  });

  test.each([
    'changeme',
    'hunter2',
    'a'.repeat(40),
    '"12345678901234567890123456789012"',
    '1'.repeat(32),
    '[a]',
    '{ a: b }',
  ])('%s is refused without being quoted', (text) => {
    const message = refusal(() => load(`tokens: { secret: ${text} }`));
    expect(message).toMatch(/^FILE:1: tokens\.secret is a \[secret\] that .*openssl rand/);
    expect(message).not.toContain(text);
  });

  test('a secret in the environment is refused in the same way', () => {
    expect(refusal(() => loadSelf({ LATCHKEY_TOKENS_SECRET: 'hunter2hunter2' }))).not.toContain('hunter2');
  });

  test('a secret and a key file together are refused', () => {
    const yaml = `tokens: { secret: ${GOOD_SECRET}, signing_key: /k.pem }`;
    expect(refusal(() => load(yaml))).toMatch(
      /tokens\.signing_key is set, and tokens\.secret as well.*Remove one/,
    );
  });

  test('a key file must exist and be closed to others', () => {
    const key = join(folder, 'jwt.pem');
    const yaml = `tokens: { signing_key: ${key} }`;
    expect(refusal(() => load(yaml))).toMatch(/^FILE:1: tokens\.signing_key is ".*"; there is no such file/);
    writeFileSync(key, 'PEM', { mode: 0o600 });
    expect(load(yaml).tokens.signingKey).toBe(key);
    chmodSync(key, 0o640);
    expect(refusal(() => load(yaml))).toMatch(/^FILE:1: tokens\.signing_key: .* has mode 0640.*chmod 0600/);
  });

  test('a file with a secret must be closed to others', () => {
    load(`tokens: { secret: ${GOOD_SECRET} }`);
    for (const mode of [0o640, 0o604]) {
      chmodSync(file, mode);
      expect(refusal(() => load(`tokens: { secret: ${GOOD_SECRET} }`))).toMatch(
        /holds tokens\.secret.*chmod 600/,
      );
    }
    writeFileSync(file, 'log: { level: info }');
    chmodSync(file, 0o644);
    expect(load('log: { level: info }').log.level).toBe('info');
  });

  test('except to the group of the daemon, when the file belongs to root', (context) => {
    if (ownUid() !== 0) context.skip('needs root');
    const gid = groupId('latchkey');
    if (gid === undefined) return context.skip('this host has no group latchkey');
    load(`tokens: { secret: ${GOOD_SECRET} }`);
    chownSync(file, 0, gid);
    chmodSync(file, 0o640);
    expect(load(`tokens: { secret: ${GOOD_SECRET} }`).tokens.secret?.reveal()).toBe(GOOD_SECRET);
    chmodSync(file, 0o644);
    expect(refusal(() => load(`tokens: { secret: ${GOOD_SECRET} }`))).toMatch(/holds tokens\.secret/);
  });
});

describe('the file itself', () => {
  test('is refused when others can change it, and when it is a symbolic link', () => {
    load('');
    chmodSync(file, 0o620);
    expect(refusal(() => load(''))).toMatch(/mode 0620, so that others can change it.*chmod 0600/);
    symlinkSync(file, join(folder, 'link.yaml'));
    const input = { argv: { config: join(folder, 'link.yaml') }, env: {}, uid: ownUid(), home: folder };
    expect(refusal(() => loadConfig(input))).toMatch(/symbolic link/);
  });

  test('must exist when it is named', () => {
    const input = { argv: { config: join(folder, 'none.yaml') }, env: {}, uid: ownUid(), home: folder };
    expect(refusal(() => loadConfig(input))).toMatch(/none\.yaml: there is no such file/);
  });

  test.each([
    ['broken YAML', 'api: [\n', /FILE:\d+: cannot read this YAML/],
    ['an alias', 'server: { id: &x a }\nstore: { url: *x }', /FILE:2: store\.url has an alias/],
    ['an alias bomb', bomb(), /unknown key "a"/],
    ['aliases in a list', 'links: { eligible: { users: &u [&a a, *a] } }', /has an alias/],
    ['a tag', 'server: { id: !!binary aGVsbG8= }', /has a tag/],
    ['a tag of its own', 'server: { id: !js/function x }', /FILE:1/],
    ['two documents', 'api: {}\n---\napi: {}', /there is a second document/],
    ['deep nesting', '['.repeat(100_000), /nested too deeply|cannot read this YAML/],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}`, /expected at most 1048576/],
    ['a hundred thousand keys', keys(100_000), /unknown key/],
    [
      'a hundred thousand lifetimes',
      `tokens:\n  lifetimes:\n${keys(70_000, '    ')}`,
      /tokens\.lifetimes is/,
    ],
  ])('with %s is refused', (_, yaml, line) => {
    expect(refusal(() => load(yaml))).toMatch(line);
  });

  test('that is not UTF-8 is refused', () => {
    writeFileSync(file, Buffer.from([0x61, 0xff, 0xfe]), { mode: 0o600 });
    const input = { argv: { config: file }, env: {}, uid: ownUid(), home: folder };
    expect(refusal(() => loadConfig(input))).toMatch(/not UTF-8/);
  });
});

function bomb(): string {
  const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
  for (let letter = 98; letter < 107; letter += 1) {
    const name = String.fromCharCode(letter);
    const last = String.fromCharCode(letter - 1);
    lines.push(`${name}: &${name} [${`*${last}, `.repeat(8)}*${last}]`);
  }
  return lines.join('\n');
}

function keys(count: number, indent = ''): string {
  return Array.from({ length: count }, (_, index) => `${indent}k${index}: 1\n`).join('');
}
