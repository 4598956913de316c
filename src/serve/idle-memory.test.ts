import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withoutDescriptors } from '../../test/support/without-descriptors.ts';
import { IdleMemory } from './idle-memory.ts';

const MIB = 2 ** 20;

test('an idle server gives back what a burst of work has left', async () => {
  using _ = new IdleMemory(100);
  const before = process.memoryUsage.rss();
  const peak = burst();
  expect(peak - before).toBeGreaterThan(90 * MIB);
  await expect
    .poll(() => process.memoryUsage.rss() - before, { timeout: 20_000, interval: 200 })
    .toBeLessThan(50 * MIB);
});

test('a server without descriptors goes on', () => {
  const prepare = `const { IdleMemory } = await import(${JSON.stringify(join(import.meta.dirname, 'idle-memory.ts'))});`;
  const script = 'const memory = new IdleMemory(1); setTimeout(() => memory[Symbol.dispose](), 200);';
  expect(withoutDescriptors(prepare, script)).toEqual({ status: 0, stdout: '', stderr: '' });
});

/** Leaves about 100 MiB of small objects, and returns the resident memory with them. */
function burst(): number {
  const objects = Array.from({ length: 1_000_000 }, (_, index) => ({ index, list: [index, `${index}`] }));
  return objects.length > 0 ? process.memoryUsage.rss() : 0;
}
