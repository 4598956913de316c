import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DatagramListener } from '../../test/support/host/datagram-listener.ts';
import { ServiceManager } from './systemd.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-notify-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const { pid } = process;

describe('the service manager', () => {
  test("is notified of the server's state, and its variables are removed from the environment", async () => {
    using listener = new DatagramListener(join(folder, 'notify'));
    const env = { NOTIFY_SOCKET: listener.path, LISTEN_FDS: '0', LISTEN_PID: '1', KEPT: 'yes' };
    using manager = new ServiceManager({ env, pid });
    expect(env).toEqual({ KEPT: 'yes' });
    manager.ready('listens on [::1]:7300');
    expect(await listener.next()).toBe('READY=1\nSTATUS=listens on [::1]:7300');
    manager.reloading();
    expect(await listener.next()).toMatch(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    manager.stopping();
    expect(await listener.next()).toBe('STOPPING=1');
  });

  test('gets two keep-alives in each watchdog period', async () => {
    using listener = new DatagramListener(join(folder, 'notify'));
    const env = { NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: '20000', WATCHDOG_PID: String(pid) };
    using _ = new ServiceManager({ env, pid });
    expect(await listener.next()).toBe('WATCHDOG=1');
    expect(await listener.next()).toBe('WATCHDOG=1');
  });

  test('gets none from a process that the watchdog is not meant for', () => {
    using listener = new DatagramListener(join(folder, 'notify'));
    const env = { NOTIFY_SOCKET: listener.path, WATCHDOG_USEC: '1000', WATCHDOG_PID: String(pid + 1) };
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    using _ = new ServiceManager({ env, pid });
    expect(timers()).toBe(before);
  });

  test('may be gone: the server continues', () => {
    using manager = new ServiceManager({ env: { NOTIFY_SOCKET: join(folder, 'nobody') }, pid });
    const failures: unknown[] = [];
    manager.onFailure((error) => failures.push(error));
    manager.ready('serves');
    expect(failures).toEqual([expect.objectContaining({ code: 'ENOENT' })]);
  });

  test('may listen in the abstract name space', async () => {
    using listener = new DatagramListener(`@latchkey-${pid}-${performance.now()}`);
    using manager = new ServiceManager({ env: { NOTIFY_SOCKET: listener.path }, pid });
    manager.stopping();
    expect(await listener.next()).toBe('STOPPING=1');
  });
});

describe('passed sockets', () => {
  const variables = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'api:web' };

  test('have their names, from descriptor 3 on', () => {
    const taken = new ServiceManager({ env: { ...variables, LISTEN_PID: String(pid) }, pid });
    expect([...taken.sockets]).toEqual([
      ['api', [3]],
      ['web', [4]],
    ]);
  });

  test('may be several with one name', () => {
    const env = { LISTEN_FDS: '3', LISTEN_FDNAMES: 'api:web:api', LISTEN_PID: String(pid) };
    expect([...new ServiceManager({ env, pid }).sockets]).toEqual([
      ['api', [3, 5]],
      ['web', [4]],
    ]);
  });

  test('are ignored when they are meant for another process', () => {
    const taken = new ServiceManager({ env: { ...variables, LISTEN_PID: String(pid + 1) }, pid });
    expect([...taken.sockets]).toEqual([]);
  });
});

test('does nothing without a service manager', () => {
  using manager = new ServiceManager({ env: {}, pid });
  manager.ready('serves');
  manager.stopping();
  expect([...manager.sockets]).toEqual([]);
});
