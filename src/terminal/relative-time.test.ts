import { expect, it } from 'vitest';
import { relativeTime } from './relative-time.ts';

const NOW = Date.UTC(2026, 0, 1);

it.each([
  [0, 'now', 'now'],
  [-45, '45 s ago', '45 s ago'],
  [-60, '1 min ago', '1 min ago'],
  [-119, '1 min ago', '1 min 59 s ago'],
  [80 * 60, 'in 1 h', 'in 1 h 20 min'],
  [8 * 3600, 'in 8 h', 'in 8 h'],
  [8 * 3600 - 1, 'in 7 h', 'in 7 h 59 min'],
  [-26 * 3600, '1 d ago', '1 d 2 h ago'],
  [-30 * 86_400 - 5, '30 d ago', '30 d ago'],
])('formats %i seconds as "%s", or "%s"', (seconds, brief, exact) => {
  const moment = new Date(NOW + seconds * 1000);
  expect([relativeTime(moment, NOW), relativeTime(moment, NOW, 2)]).toEqual([brief, exact]);
});
