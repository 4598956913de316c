import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { alice, bob, carol, dora, homeInDatabase, mallory, root, service } from '../account.ts';
import { needs } from '../needs.ts';

test.each([root, alice, mallory, bob, carol, dora, service])(
  'in a world, $name has a home that ends with it',
  needs('world'),
  (account) => {
    const fields = execFileSync('getent', ['passwd', account.name], { encoding: 'utf8' }).split(':');
    expect(fields[5]).toBe(account.home);
    expect(account.home).toMatch(/^\/mnt/);
    expect(homeInDatabase(account)).toBe(account.home);
  },
);
