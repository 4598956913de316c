/** Order of test files: those that take longest begin first, so that none runs alone at the end. */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take about a minute or more each in a whole run, most of it waiting; the slowest first. */
export const SLOWEST = [
  'test/stories/links/crash.test.ts',
  'test/stories/login/ssh-refusals.test.ts',
  'test/stories/links/receipts.test.ts',
  'test/attack/slow-connections.test.ts',
  'test/stories/login/ssh-waiting.test.ts',
  'test/stories/install/installed.test.ts',
  'test/stories/links/login-settings.test.ts',
  'test/stories/install/package.test.ts',
  'test/stories/links/cgroup.test.ts',
  'test/stories/login/ssh-login.test.ts',
  'test/stories/dashboard/keys.test.ts',
  'test/stories/command-line/copy.test.ts',
  'test/stories/starters/start-login.test.ts',
  'test/stories/starters/many-link-daemons.test.ts',
  'test/stories/starters/child-tokens.test.ts',
  'test/stories/login/log.test.ts',
  'test/stories/login/guessing.test.ts',
  'test/stories/login/ssh-prompts.test.ts',
];

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = SLOWEST.findIndex((file) => moduleId.endsWith(`/${file}`));
  return place === -1 ? SLOWEST.length : place;
}
