import type { TestContext } from 'vitest';

/** Skips the test when `missing` says what it lacks here; the run's last lines repeat it. */
export function skipWithout(context: TestContext, missing: string | undefined | false): void {
  if (missing) context.skip(missing);
}

/** What a story of system mode lacks here, if anything. */
export function missingWorld(): string | undefined {
  if (process.env.TEST_WORLD) return undefined;
  return process.getuid?.() === 0
    ? 'needs namespaces of its own (unshare)'
    : 'needs root, to have two Linux accounts';
}
