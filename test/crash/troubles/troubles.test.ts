import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { whyNotTrouble } from './troubles.ts';

const empty = mkdtempSync(join(tmpdir(), 'latchkey-path-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(empty, { recursive: true, force: true });
});

it('the crash loop says which packages are missing, and how to install them', () => {
  vi.stubEnv('PATH', empty);
  const why = whyNotTrouble('fsync');
  expect(why).toMatch(/^needs .*\bstrace; as root: apt-get install .*\bstrace$/);
});
