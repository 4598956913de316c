/** For closing-lines.test.ts only: a test that blocks its process. */
import { test } from 'vitest';

test('that never ends', () => {
  for (;;);
});
