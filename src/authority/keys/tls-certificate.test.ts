import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';
import type { TlsPair } from './pki.ts';
import { TlsCertificate } from './tls-certificate.ts';

const DAY_MS = 86_400_000;

it('is replaced before it expires, which is looked at daily and at a reload', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
  let nowMs = Date.UTC(2026, 5, 1);
  const said: string[] = [];
  const log = {
    info: (_: object, text: string) => said.push(text),
    error: (_: object, text: string) => said.push(text),
  };
  try {
    using certificate = await TlsCertificate.open({
      folder,
      serverId: 'lk-1',
      hostname: 'here',
      now: () => nowMs,
      log,
    });
    const replaced: TlsPair[] = [];
    certificate.onReplaced((tls) => replaced.push(tls));
    await certificate.refresh();
    expect(replaced).toEqual([]);
    nowMs += 820 * DAY_MS;
    await certificate.refresh();
    expect(replaced).toEqual([certificate.pki.tls]);
    nowMs += 820 * DAY_MS;
    vi.advanceTimersByTime(DAY_MS);
    await vi.waitUntil(() => replaced.length === 2, { timeout: 20_000 });
    expect(replaced.at(-1)).toEqual(certificate.pki.tls);
    expect(said).toEqual(Array(2).fill("the server's certificate was replaced"));
    certificate[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  }
});

it('stays in use while the addresses of the host cannot be read, which is logged', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
  const prepare = `
    const { TlsCertificate } = await import(${JSON.stringify(join(import.meta.dirname, 'tls-certificate.ts'))});
    const { mock } = await import('node:test');
    mock.timers.enable({ apis: ['setInterval'] });
    const logged = [];
    const log = { info: () => {}, error: (_, message) => logged.push(message) };
    const options = { folder: ${JSON.stringify(folder)}, serverId: 'lk-1', hostname: 'here', now: Date.now, log };
    const certificate = await TlsCertificate.open(options);
  `;
  const script = `
    mock.timers.tick(5_000);
    process.on('exit', () => process.stdout.write(logged.join()));
  `;
  try {
    const said = "cannot renew the server's certificate";
    expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: said, stderr: '' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
