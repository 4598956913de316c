import { expect, it } from 'vitest';
import { relativeTime } from './relative-time.ts';

const NOW = Date.UTC(2026, 0, 1);

it.each([
  [0, 'now'],
  [-45, '45 s ago'],
  [-60, '1 min ago'],
  [-119, '1 min ago'],
  [3 * 60, 'in 3 min'],
  [80 * 60, 'in 1 h 20 min'],
  [8 * 3600, 'in 8 h'],
  [7 * 3600 + 59 * 60, 'in 7 h'],
  [-26 * 3600, '1 d 2 h ago'],
  [-30 * 86_400, '30 d ago'],
])('says %i seconds as "%s"', (seconds, said) => {
  expect(relativeTime(new Date(NOW + seconds * 1000), NOW)).toBe(said);
});
