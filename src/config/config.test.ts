import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { file, load, loadSelf, refusal, withConfigFile } from '../../test/support/disk/config-file.ts';
import { serverNames } from '../authority/keys/server-names.ts';
import { loadConfig } from './config.ts';
import { SETTING_BY_NAME } from './settings/settings.ts';

withConfigFile();

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

  test('a name of more than 253 characters is in no certificate', () => {
    const labels = (count: number): string => Array.from({ length: count }, () => 'a'.repeat(62)).join('.');
    const longest = `${labels(4)}.x`; // RFC 1035, 2.3.4
    const tooLong = `${labels(4)}.xx`;
    const { names } = serverNames({ names: [longest, tooLong], addresses: [], serverId: 'lk-1' });
    expect(names).toEqual([longest, 'lk-1', 'localhost']);
  });
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
    [
      'sessions: { idle_rules: [end after 30m for alice, warn after 1d, end afer 2h, end after 3h] }',
      /idle_rules is the list with "end afer 2h"; expected a list of at most 64 rules/,
    ],
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
