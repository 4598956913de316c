import { expect, test } from 'vitest';
import { filesOf, linesOfDiff } from './rooms.ts';

const DIFF = `diff --git a/src/a.ts b/src/a.ts
--- a/src/a.ts
+++ b/src/a.ts
@@ -3 +3 @@ context
-old
+new
@@ -10,0 +11,3 @@ context
+one
+two
+three
@@ -20,2 +23,0 @@ context
-gone
-gone
diff --git a/src/b.ts b/src/b.ts
--- a/src/b.ts
+++ b/src/b.ts
@@ -0,0 +1,2 @@
+one
+two
`;

test('the lines of a diff are those that were added or changed, counted from 0', () => {
  expect([...linesOfDiff(DIFF)]).toEqual([
    [
      'src/a.ts',
      [
        { first: 2, last: 2 },
        { first: 10, last: 12 },
      ],
    ],
    ['src/b.ts', [{ first: 0, last: 1 }]],
  ]);
});

test('a room has its code, and none of its tests', () => {
  const files = filesOf('token', `${import.meta.dirname}/../..`);
  expect(files).toContain('src/token/claims.ts');
  expect(files.filter((file) => file.includes('.test.'))).toEqual([]);
});
