import { expect, it } from 'vitest';
import stringWidth from './string-width.ts';

it('counts columns without colour sequences', () => {
  expect(stringWidth('\u001b[1;7m 日本 \u001b[0m')).toBe(6);
  expect(stringWidth('▸● 01a2…')).toBe(8);
});
