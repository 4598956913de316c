import { expect, it } from 'vitest';
import { memoryOutput } from '../../../test/support/terminal/memory-io.ts';
import { chosenDetachKey, type DetachKey } from './detach-key.ts';

function key(option?: string, variable?: string): DetachKey | undefined {
  const { io } = memoryOutput();
  return chosenDetachKey(option, { ...io, env: { LATCHKEY_DETACH_KEY: variable } });
}

it('is ^\\, or the one of the option, or of the environment', () => {
  expect(key()?.name).toBe('^\\');
  expect(key(undefined, '^]')?.name).toBe('^]');
  expect(key(undefined, '')?.name).toBe('^\\');
  expect(key('^a', '^]')?.name).toBe('^A');
  expect(key('none', '^]')).toBeUndefined();
});

it('is recognised alone, however the terminal reports it', () => {
  const sent = ['\x1c', '\x1b[92;5u', '\x1b[92;5:1u', '\x1b[27;5;92~'];
  expect(sent.map((typed) => key()?.isIn(Buffer.from(typed)))).toEqual(sent.map(() => true));
  expect(key('^a')?.isIn(Buffer.from('\x1b[97;5u'))).toBe(true);
});

it('is not recognised in a text that is pasted, nor when it is released', () => {
  for (const typed of ['\x1c\x1c', 'a\x1c', `\x1c${'x'.repeat(100)}`, '\\', '', '\x1b[92;5:3u'])
    expect(key()?.isIn(Buffer.from(typed))).toBe(false);
});

it.each(['x', '^', '^1', '^^^', 'C-a', ''])("is refused when it is '%s'", (text) => {
  if (text !== '') expect(() => key(undefined, text)).toThrow(/^LATCHKEY_DETACH_KEY is '.*'\. It must be/);
});
