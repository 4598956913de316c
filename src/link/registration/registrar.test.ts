import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';

const WANTED = `cannot start ${process.execPath}: no more files can be opened (ulimit -n)`;

it.each([
  ['registration/registrar.ts', '{ Registrar }', "new Registrar([], '/run').register({}, 1000)"],
  ['processes/detach.ts', '{ startDetached }', 'startDetached([])'],
])('says why no helper process can be started, and does not end the link: %s', (file, names, act) => {
  const prepare = `const ${names} = await import(${JSON.stringify(join(import.meta.dirname, '..', file))});`;
  const script = `
    const failure = await (${act}).catch(({ message }) => message);
    process.on('exit', () => process.stdout.write(failure));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: WANTED, stderr: '' });
});
