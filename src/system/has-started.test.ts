import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../test/support/without-descriptors.ts';
import { hasStarted } from './has-started.ts';

it('throws what kept a program from starting, and nothing for one that has started', async () => {
  await expect(hasStarted(spawn('/no/such/program'))).rejects.toMatchObject({
    reason: 'UNAVAILABLE',
    cause: { code: 'ENOENT' },
  });
  await hasStarted(spawn('/bin/true'));
});

it('throws EMFILE where there are no descriptors, and the process goes on', () => {
  const prepare = `
    const { hasStarted } = await import(${JSON.stringify(join(import.meta.dirname, 'has-started.ts'))});
    const { spawn } = await import('node:child_process');
  `;
  const script = `
    const child = spawn('/bin/true', [], { stdio: ['pipe', 'pipe', 'ignore'] });
    await hasStarted(child).catch(({ message }) => process.on('exit', () => process.stdout.write(message)));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({
    status: 0,
    stdout: 'cannot start /bin/true: no more files can be opened (ulimit -n)',
    stderr: '',
  });
});
