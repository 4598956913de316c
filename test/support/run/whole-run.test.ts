import { describe, expect, test } from 'vitest';
import { readRequirements } from './requirements.ts';
import { missingInWholeRun } from './whole-run.ts';

/** The tests that all requirements name. */
const ALL = readRequirements().rows.map(({ file, title }) => ({
  file,
  title: title.replaceAll('\\\\', '\\'),
}));

describe('a run of all tests as root', () => {
  test('lacks nothing when each requirement was tested, or the machine cannot do that', () => {
    const skipped = 'cgroups of version 2 lack the controllers pids, memory here';
    expect(missingInWholeRun(ALL.map((ran, at) => (at === 3 ? { ...ran, skipped } : ran)))).toEqual([]);
  });

  test('lacks what a requirement names and was not run', () => {
    const [first, ...others] = ALL;
    expect(missingInWholeRun(others)).toEqual([
      expect.stringMatching(/^not run, though it shows F1: .*without a token only the public methods answer/),
    ]);
    expect(
      missingInWholeRun([...others, { ...first, file: 'src/other.test.ts', title: first?.title ?? '' }]),
    ).not.toEqual([]);
  });

  test('lacks what was skipped for want of a program', () => {
    const more = { file: 'a.test.ts', title: 'a terminal', skipped: 'needs /usr/bin/tmux' };
    expect(missingInWholeRun([...ALL, more])).toEqual([
      'skipped without need: a.test.ts: a terminal: needs /usr/bin/tmux',
    ]);
  });
});
