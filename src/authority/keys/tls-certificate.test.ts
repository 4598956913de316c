import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';

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
