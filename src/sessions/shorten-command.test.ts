import fc from 'fast-check';
import { expect, it } from 'vitest';
import { shortenCommand } from './shorten-command.ts';

const MOST_BYTES = 4096;

it('keeps a command whole, and the beginning of a long one', () => {
  expect(JSON.parse(shortenCommand(['sh', '-c', 'exit 7', '']))).toEqual(['sh', '-c', 'exit 7', '']);
  const script = 'x'.repeat(3000);
  expect(JSON.parse(shortenCommand(['sh', '-c', script]))).toEqual(['sh', '-c', script]);
  expect(JSON.parse(shortenCommand(['sh', '-c', 'x'.repeat(5000), 'more']))).toEqual([
    'sh',
    '-c',
    expect.stringMatching(/^x{600,}…$/),
  ]);
});

it('never keeps more than 4 KiB of JSON, whatever the words', () => {
  expect(shortenCommand(Array.from({ length: 100_000 }, () => '')).length).toBeLessThanOrEqual(MOST_BYTES);
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 600 }),
    fc.constantFrom('\0'.repeat(5000), '\ud800'.repeat(5000), '€'.repeat(5000), '👩'.repeat(5000), ''),
  );
  const property = fc.property(fc.array(word, { maxLength: 30 }), (command) => {
    const kept = shortenCommand(command);
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(MOST_BYTES);
    const words: string[] = JSON.parse(kept);
    expect(words.slice(0, -1)).toEqual(command.slice(0, Math.max(0, words.length - 1)));
    if (kept === JSON.stringify(command)) return;
    const last = words.at(-1) ?? '';
    expect(last).toMatch(/…$/);
    expect(command[words.length - 1]?.startsWith(last.slice(0, -1))).toBe(true);
  });
  fc.assert(property, { numRuns: 200 });
});
