/** The server under a service manager: notifications, reloads, and a passed socket. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { alice, root, runAs } from '../../support/account.ts';
import { DatagramListener } from '../../support/host/datagram-listener.ts';
import { ListeningSocket } from '../../support/host/listening-socket.ts';
import { needs } from '../../support/needs.ts';
import { program } from '../../support/program.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

/** An address that the world does not have (RFC 5737). */
const NEW_ADDRESS = '192.0.2.7';

const WITHOUT_IPV6 = join(import.meta.dirname, '../../support/host/without-ipv6');

/** Changes the server's configuration file. */
function configure(daemon: TestDaemon, changes: object): void {
  const before = parse(readFileSync(daemon.configFile, 'utf8')) as object;
  writeFileSync(daemon.configFile, stringify({ ...before, ...changes }));
}

/** Returns the certificate that the server presents. */
async function certificateOf(address: string, ca: string): Promise<X509Certificate> {
  const [host, port] = address.split(':');
  const socket = connect({ host, port: Number(port), ca, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const { raw } = socket.getPeerCertificate();
  socket.destroy();
  return new X509Certificate(raw);
}

async function reloaded(daemon: TestDaemon, line: RegExp): Promise<void> {
  process.kill(daemon.pid, 'SIGHUP');
  await daemon.logged(line);
}

describe('a reloaded configuration (SIGHUP)', needs('world'), () => {
  test('takes effect, and no token is lost', async () => {
    await using daemon = await TestDaemon.start();
    await daemon.link(alice);
    expect((await daemon.as(alice).whoami()).role).toBe('user');
    configure(daemon, { roles: { manager: { users: [alice.name] } }, tokens: { lifetime: '1h' } });
    await reloaded(daemon, /configuration was reloaded/);
    expect((await daemon.as(alice).whoami()).role).toBe('manager');
  });

  test('ends the watches of a role that it takes away (X2)', async () => {
    await using daemon = await TestDaemon.start({ config: { roles: { manager: { users: [alice.name] } } } });
    await daemon.link(alice);
    const watch = daemon.begin(alice, ['tokens', 'watch', '--json']);
    await watch.printed(/\n/);
    configure(daemon, { roles: { manager: { users: [] } } });
    await reloaded(daemon, /configuration was reloaded/);
    const { status, stderr } = await watch.finished;
    expect([status, stderr]).toEqual([4, expect.stringContaining('no longer manager')]);
  });

  test('is refused as a whole when it is invalid, and the previous one stays in force', async () => {
    await using daemon = await TestDaemon.start({
      config: { roles: { manager: { users: [alice.name] } } },
    });
    await daemon.link(alice);
    configure(daemon, { roles: { manager: { users: [] } }, tokens: { lifetime: 'soon' } });
    await reloaded(daemon, /is invalid; the previous one stays in force/);
    expect(daemon.log).toMatch(/tokens\.lifetime/);
    expect(await daemon.json(alice, ['whoami'])).toMatchObject({ role: 'manager' });
  });

  test('renews the certificate for new addresses of the host', async () => {
    await using daemon = await TestDaemon.start();
    const { address, ca } = daemon.serverFile;
    const isNamed = async (): Promise<boolean> =>
      (await certificateOf(address, ca)).checkIP(NEW_ADDRESS) !== undefined;
    expect(await isNamed()).toBe(false);
    execFileSync('ip', ['address', 'add', `${NEW_ADDRESS}/32`, 'dev', 'lo']);
    try {
      await reloaded(daemon, /certificate was replaced/);
      expect(await isNamed()).toBe(true);
    } finally {
      execFileSync('ip', ['address', 'del', `${NEW_ADDRESS}/32`, 'dev', 'lo']);
    }
  });

  test('logs the settings that need a restart', async () => {
    await using daemon = await TestDaemon.start();
    configure(daemon, { server: { hostname: 'elsewhere' } });
    await reloaded(daemon, /"settings":\["server\.hostname"\]/);
  });
});

describe('under a service manager', needs('world'), () => {
  test('the server reports that it is ready, reloads and stops', async () => {
    await using daemon = await TestDaemon.start();
    await daemon.end();
    using manager = new DatagramListener(join(daemon.folder, 'notify'));
    await daemon.serve({ env: { NOTIFY_SOCKET: manager.path } });
    expect(await manager.next()).toBe(`READY=1\nSTATUS=listens on ${daemon.serverFile.address}`);
    process.kill(daemon.pid, 'SIGHUP');
    expect(await manager.next()).toMatch(/^RELOADING=1/);
    expect(await manager.next()).toMatch(/^READY=1/);
    await daemon.end();
    expect(await manager.next()).toBe('STOPPING=1');
  });

  test('the server reports where it listens, be it on all addresses', async () => {
    await using daemon = await TestDaemon.start();
    const [, port = ''] = daemon.serverFile.address.split(':');
    await daemon.end();
    using manager = new DatagramListener(join(daemon.folder, 'notify'));
    for (const [host, said] of [
      ['[::]', `all addresses, port ${port}`],
      ['0.0.0.0', `all IPv4 addresses, port ${port}`],
    ]) {
      await daemon.serve({ env: { NOTIFY_SOCKET: manager.path, LATCHKEY_API_LISTEN: `${host}:${port}` } });
      expect(await manager.next()).toBe(`READY=1\nSTATUS=listens on ${said}`);
      expect(daemon.log).toContain(`latchkey listens on ${said}`);
      await daemon.end();
      expect(await manager.next()).toBe('STOPPING=1');
    }
  });

  test('the server listens on all IPv4 addresses where the kernel has no IPv6, and says so', async () => {
    await using daemon = await TestDaemon.start();
    const [, port = ''] = daemon.serverFile.address.split(':');
    await daemon.end();
    await daemon.serve({ env: { LATCHKEY_API_LISTEN: `[::]:${port}` }, under: [WITHOUT_IPV6] });
    expect(daemon.log).toContain('this host has no IPv6: the server listens on all IPv4 addresses');
    expect(daemon.log).toContain(`latchkey listens on all IPv4 addresses, port ${port}`);
    expect((await daemon.cli(root, ['whoami'])).status).toBe(0);
  });

  test.for([
    ['[::1]:7300', '::1 port 7300 needs IPv6, which this host does not have. Choose an IPv4 address'],
    ['192.0.2.9:7300', '192.0.2.9 port 7300 is not an address of this host. Choose another'],
  ] as const)(
    'the server refuses to listen on %s, which the host does not have, with one line',
    async ([listen, why]) => {
      await using daemon = await TestDaemon.start();
      await daemon.end();
      const argv = [WITHOUT_IPV6, program(), 'serve', '--config', daemon.configFile];
      const refused = await runAs(root, argv, { env: { LATCHKEY_API_LISTEN: listen } }).finished;
      expect(refused.status).toBe(78);
      expect(refused.stderr).toBe(`latchkey: api.listen: ${why}\n`);
    },
  );

  test('the server answers on the socket it is passed, where connections wait while it restarts', async () => {
    await using daemon = await TestDaemon.start();
    await daemon.end();
    using socket = new ListeningSocket();
    await daemon.serve({ listenFd: socket.fd });
    expect(daemon.serverFile.address).toBe(`127.0.0.1:${socket.port}`);
    await daemon.link(alice);
    await daemon.end('SIGKILL');
    const waiting = daemon.cli(alice, ['whoami', '--json']);
    await daemon.serve({ listenFd: socket.fd });
    expect(await waiting).toMatchObject({ status: 0 });
  });
});
