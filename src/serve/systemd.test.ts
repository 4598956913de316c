import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DatagramListener } from '../../test/support/host/datagram-listener.ts';
import { ListeningSocket } from '../../test/support/host/listening-socket.ts';
import { ServiceManager } from './systemd.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-notify-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

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

  test.each([
    ['two keep-alives in each watchdog period', pid, 2],
    ['none where the watchdog is meant for another process', pid + 1, 0],
  ])('gets %s', async (_what, watched, count) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    using listener = new DatagramListener(join(folder, 'notify'));
    const periodMs = 20_000;
    const env = {
      NOTIFY_SOCKET: listener.path,
      WATCHDOG_USEC: `${periodMs * 1000}`,
      WATCHDOG_PID: `${watched}`,
    };
    using manager = new ServiceManager({ env, pid });
    vi.advanceTimersByTime(periodMs);
    manager.stopping();
    const wanted = [...Array.from({ length: count }, () => 'WATCHDOG=1'), 'STOPPING=1'];
    for (const message of wanted) expect(await listener.next()).toBe(message);
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

  test('are inherited by no program that the server starts', async () => {
    const script = `
      import { execFileSync } from 'node:child_process';
      import { libc } from '${import.meta.dirname}/../native/libc.ts';
      import { ServiceManager } from '${import.meta.dirname}/systemd.ts';
      libc.fcntl(3, 2, 0); // to be inherited, as the service manager passes it
      const look = () => execFileSync('sh', ['-c', 'test -S /proc/self/fd/3 && echo open || echo closed'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const { pid } = process;
      const before = look();
      new ServiceManager({ env: { LISTEN_FDS: '1', LISTEN_PID: String(pid) }, pid });
      console.log(String(before) + look());
    `;
    using socket = new ListeningSocket();
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', socket.fd],
    });
    expect(await text(child.stdout as NonNullable<typeof child.stdout>)).toBe('open\nclosed\n\n');
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
