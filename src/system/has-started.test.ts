import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { hasStarted } from './has-started.ts';

it('throws what kept a program from starting, and nothing for one that has started', async () => {
  await expect(hasStarted(spawn('/no/such/program'))).rejects.toMatchObject({ code: 'ENOENT' });
  await hasStarted(spawn('/bin/true'));
});

it('throws EMFILE where there are no descriptors, and the process goes on', () => {
  const script = `
    const { hasStarted } = await import(${JSON.stringify(join(import.meta.dirname, 'has-started.ts'))});
    const { openSync } = await import('node:fs');
    const { spawn } = await import('node:child_process');
    try {
      for (;;) openSync('/dev/null');
    } catch {}
    const child = spawn('/bin/true', [], { stdio: ['pipe', 'pipe', 'ignore'] });
    await hasStarted(child).catch(({ code }) => process.on('exit', () => process.stdout.write(code)));
  `;
  const words = [
    '-c',
    'ulimit -n 64 && exec "$@"',
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ];
  const { status, stdout } = spawnSync('/bin/sh', words, { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: 'EMFILE' });
});
