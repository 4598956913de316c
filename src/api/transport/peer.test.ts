import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withoutDescriptors } from '../../../test/support/without-descriptors.ts';
import { isLocalAddress } from './peer.ts';

it('knows the addresses of this host', () => {
  const own = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  for (const { address } of own) expect(isLocalAddress(address), address).toBe(true);
  expect(['127.9.9.9', '203.0.113.7', 'localhost'].map(isLocalAddress)).toEqual([true, false, false]);
});

it('takes a connection for one from elsewhere while there are no descriptors, unless it is from loopback', () => {
  const prepare = `const { isLocalAddress } = await import(${JSON.stringify(join(import.meta.dirname, 'peer.ts'))});`;
  const script = `
    const local = ['127.0.0.1', '::1', '203.0.113.7'].map(isLocalAddress);
    process.on('exit', () => process.stdout.write(local.join()));
  `;
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: 'true,true,false', stderr: '' });
});
