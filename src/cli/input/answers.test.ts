import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { HARMFUL, HOSTILE } from '../../../test/support/terminal/hostile-text.ts';
import { Memory } from '../../../test/support/terminal/memory-io.ts';
import { answersFrom } from './answers.ts';

/** Makes a terminal on which `keys` are typed. */
function terminal(keys: string) {
  const stdin = Object.assign(Readable.from([Buffer.from(keys)]), { isTTY: true });
  const stderr = new Memory(true);
  const answers = answersFrom({ stdin, stdout: stderr, stderr, env: {}, now: Date.now }, false);
  return { answers, stderr };
}

it('shows prompts that are harmless to the terminal', async () => {
  for (const text of Object.values(HOSTILE)) {
    const { answers, stderr } = terminal('yes\r');
    expect(await answers.next(text, true)).toBe('yes');
    expect(stderr.text).not.toMatch(HARMFUL);
    answers[Symbol.dispose]();
  }
});

it('erases exactly what it has shown, and shows nothing of a secret', async () => {
  const shown = terminal('a日\x7f\u009b\x7fb\r');
  expect(await shown.answers.next('', true)).toBe('ab');
  expect(shown.stderr.text).toBe(`a日${'\b \b'.repeat(2)}\\x9b${'\b \b'.repeat(4)}b\n`);
  const hidden = terminal('secret\x7f\r');
  expect(await hidden.answers.next('', false)).toBe('secre');
  expect(hidden.stderr.text).toBe('\n');
});

describe('answers from standard input', () => {
  const from = (text: string) => {
    const stderr = new Memory(false);
    return answersFrom(
      { stdin: Readable.from([text]), stdout: stderr, stderr, env: {}, now: Date.now },
      true,
    );
  };

  it('are its lines, in their order, until it ends', async () => {
    using answers = from('one\r\n\ntwo');
    const all = [];
    for (let at = 0; at < 4; at += 1) all.push(await answers.next('', false));
    expect(all).toEqual(['one', '', 'two', undefined]);
  });

  it('are refused when they are far too long', async () => {
    using answers = from(`${'x'.repeat(40_000)}\n`.repeat(2));
    expect(await answers.next('', false)).toHaveLength(40_000);
    await expect(answers.next('', false)).rejects.toMatchObject({ reason: 'USAGE' });
  });
});

it('are not asked for without a terminal', () => {
  const stderr = new Memory(false);
  const io = { stdin: Readable.from([]), stdout: stderr, stderr, env: {}, now: Date.now };
  expect(() => answersFrom(io, false)).toThrow(expect.objectContaining({ reason: 'USAGE' }));
});
