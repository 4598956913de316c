import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeDefaultServer, writeDefaultServer } from './default-server.ts';
import { findServer, normalAddress, serverKey } from './find-server.ts';
import { findToken } from './find-token.ts';
import { serverFolder, writeCa, writeToken } from './server-folder.ts';

let home: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'latchkey-client-'));
  env = { HOME: home, XDG_RUNTIME_DIR: join(home, 'runtime') };
});
afterEach(() => rmSync(home, { recursive: true }));

const refused = (reason: string, message = /(?:)/) =>
  expect.objectContaining({ reason, message: expect.stringMatching(message) });

/** A run folder as a server writes it, with the local administrator's token. */
function runFolder(address: string, serverId = 'here'): string {
  const folder = join(home, 'run');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const server = {
    serverId,
    hostname: 'h',
    address,
    ca: 'LOCAL CA',
    keys: { keys: [] },
    version: '1',
    mode: 'self',
    pid: 1,
  };
  writeFileSync(join(folder, 'server.json'), JSON.stringify(server));
  writeFileSync(join(folder, 'token'), tokenOf(serverId), { mode: 0o600 });
  return folder;
}

/** A well-formed token with a random signature. */
function tokenOf(iss: string, exp = 4_000_000_000): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  return [
    encode({ alg: 'ES256', typ: 'JWT', kid: 'k' }),
    encode({ iss, exp }),
    Buffer.alloc(64).toString('base64url'),
  ].join('.');
}

function trusted(address: string, ca = 'KEPT CA'): void {
  writeCa(serverFolder(env, home, address), ca);
}

describe('finding a server (N1)', () => {
  it('uses the command line, the environment, the configuration, then this host', () => {
    const run = runFolder('127.0.0.1:7300');
    for (const name of ['flag', 'environment', 'file']) trusted(`${name}.example:7300`);
    mkdirSync(join(home, '.config/latchkey'), { recursive: true });
    writeFileSync(join(home, '.config/latchkey/client.yaml'), '# mine\nserver: file.example # home\n');
    const both = { ...env, LATCHKEY_SERVER: 'environment.example' };
    expect(findServer({ env: both, server: 'flag.example', run }).address).toBe('flag.example:7300');
    expect(findServer({ env: both, run }).address).toBe('127.0.0.1:7300');
    expect(findServer({ env: both }).address).toBe('environment.example:7300');
    expect(findServer({ env }).address).toBe('file.example:7300');
  });

  it('uses the server of the last login after its own configuration, and before that of the host', () => {
    const run = runFolder('127.0.0.1:7300');
    for (const name of ['file', 'last']) trusted(`${name}.example:7300`);
    writeDefaultServer(env, 'last.example:7300');
    expect(findServer({ env }).address).toBe('last.example:7300');
    expect(findServer({ env, run }).address).toBe('127.0.0.1:7300');
    expect(() => findServer({ env, localAdmin: true })).toThrow(refused('UNREACHABLE'));
    removeDefaultServer(env, 'other.example:7300');
    expect(findServer({ env }).address).toBe('last.example:7300');
    writeFileSync(join(home, '.config/latchkey/client.yaml'), 'server: file.example\n');
    expect(findServer({ env }).address).toBe('file.example:7300');
    rmSync(join(home, '.config/latchkey/client.yaml'));
    chmodSync(join(home, '.config/latchkey/servers/default'), 0o666);
    expect(() => findServer({ env })).toThrow(refused('NOT_TRUSTED'));
    chmodSync(join(home, '.config/latchkey/servers/default'), 0o600);
    removeDefaultServer(env, 'last.example:7300');
    expect(() => findServer({ env })).toThrow(refused('UNREACHABLE'));
  });

  it('uses the given CA, else the stored one, else that of the server on this host', () => {
    const run = runFolder('127.0.0.1:7300');
    const file = join(home, 'ca.pem');
    writeFileSync(file, 'GIVEN CA');
    expect(findServer({ env, run }).ca).toBe('LOCAL CA');
    expect(findServer({ env, run, server: '127.0.0.1:7300' })).toMatchObject({
      ca: 'LOCAL CA',
      local: { runDir: run },
    });
    trusted('127.0.0.1:7300');
    expect(findServer({ env, run, server: '127.0.0.1:7300' }).ca).toBe('KEPT CA');
    expect(findServer({ env, run, server: '127.0.0.1:7300', ca: file }).ca).toBe('GIVEN CA');
    expect(findServer({ env: { ...env, LATCHKEY_CA: file }, server: 'other.example' }).ca).toBe('GIVEN CA');
    expect(() => findServer({ env, server: 'other.example' })).toThrow(refused('NOT_TRUSTED'));
    expect(() => findServer({ env, server: 'other.example', ca: join(home, 'none') })).toThrow(
      refused('USAGE'),
    );
  });

  it('reports that there is none', () => {
    expect(() => findServer({ env, run: join(home, 'none') })).toThrow(refused('UNREACHABLE'));
  });

  it.each([
    ['host', 'host:7300'],
    ['Host.Example:1', 'host.example:1'],
    ['[::1]', '[::1]:7300'],
    ['[::1]:9', '[::1]:9'],
    ['127.0.0.1:80', '127.0.0.1:80'],
    ['host:65535', 'host:65535'],
  ])('reads %s', (text, address) => expect(normalAddress(text)).toBe(address));

  it.each(['', 'a b', 'http://x', 'host:', 'host:0', 'host:65536', '::1', 'x:1:2', '../x', 'u@h'])(
    'rejects %j as an address',
    (text) => {
      expect(() => normalAddress(text)).toThrow(refused('USAGE'));
    },
  );

  it.each([
    ['server: a:1', 'a:1'],
    ['server: "a:1"', 'a:1'],
    ["# server: no\nserver:   'a' # yes\nother: 1", 'a'],
    ['other: 1', undefined],
    ['servers: a', undefined],
    [undefined, undefined],
  ])('reads the configuration %j', (text, server) => expect(serverKey(text)).toBe(server));
});

describe('finding a token', () => {
  const stored = (token: string): void => writeToken(serverFolder(env, home, '127.0.0.1:7300'), token);
  const local = () => findServer({ env, run: runFolder('127.0.0.1:7300') });

  it("prefers a given token to a stored one, and uses the administrator's last (A8, F24)", () => {
    const server = local();
    expect(findToken({ env }, server)).toMatchObject({ token: tokenOf('here'), issuer: 'here' });
    stored(tokenOf('here', 4_000_000_001));
    const kept = findToken({ env }, server);
    expect(kept?.token).toBe(tokenOf('here', 4_000_000_001));
    const file = join(home, 'given');
    writeFileSync(file, `${tokenOf('x')}\n`);
    expect(findToken({ env: { ...env, LATCHKEY_TOKEN_FILE: file } }, server)?.issuer).toBe('x');
    expect(findToken({ env: { ...env, LATCHKEY_TOKEN: tokenOf('y') } }, server)?.issuer).toBe('y');
    expect(
      findToken({ env: { ...env, LATCHKEY_TOKEN: tokenOf('y') }, tokenFile: file }, server)?.issuer,
    ).toBe('x');
    expect(
      findToken({ env: { ...env, LATCHKEY_TOKEN: tokenOf('y') }, localAdmin: true }, server)?.issuer,
    ).toBe('here');
    kept?.forget();
    expect(findToken({ env }, server)?.token).toBe(tokenOf('here'));
  });

  it('skips an expired stored token, and one of another server, when there is another', () => {
    const server = local();
    stored(tokenOf('here', 1));
    expect(findToken({ env }, server)?.token).toBe(tokenOf('here'));
    stored(tokenOf('before'));
    expect(findToken({ env }, server)?.token).toBe(tokenOf('here'));
    rmSync(join(home, 'run/token'));
    expect(findToken({ env }, findServer({ env, run: join(home, 'run') }))?.issuer).toBe('before');
  });

  it("gives the administrator's token to the server of the same run folder only", () => {
    runFolder('127.0.0.1:7300');
    trusted('far.example:7300');
    const far = findServer({ env: { ...env, LATCHKEY_RUN: home }, server: 'far.example' });
    expect(findToken({ env }, far)).toBeUndefined();
    expect(() => findToken({ env, localAdmin: true }, far)).toThrow(refused('NOT_LOGGED_IN'));
  });

  it("replaces the administrator's token by a newer one of the same server only", async () => {
    const run = runFolder('127.0.0.1:7300');
    const found = findToken({ env }, findServer({ env, run }));
    expect(found?.token).toBe(tokenOf('here'));
    runFolder('127.0.0.1:7300', 'another');
    const newer = found?.newer?.(); // looks at once, and finds another server there
    runFolder('127.0.0.1:7300');
    writeFileSync(join(run, 'token'), tokenOf('here', 4_000_000_001));
    expect(await newer).toBe(tokenOf('here', 4_000_000_001));
  });

  it('rejects a malformed token', () => {
    expect(() => findToken({ env: { ...env, LATCHKEY_TOKEN: 'x.y.z' } }, local())).toThrow(
      refused('TOKEN_INVALID'),
    );
  });

  it('says why a token file cannot be read', () => {
    const missing = join(home, 'none');
    expect(() => findToken({ env, tokenFile: missing }, local())).toThrow(
      refused('USAGE', /^cannot read the token file .*none: no such file or folder$/),
    );
    expect(() => findToken({ env: { ...env, LATCHKEY_TOKEN_FILE: home } }, local())).toThrow(
      refused('USAGE', /: it is a folder$/),
    );
  });
});
