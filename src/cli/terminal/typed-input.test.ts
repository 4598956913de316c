import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { pipedInput } from './piped-input.ts';
import { TypedInput } from './typed-input.ts';

async function collect(input: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const piece of input) text += Buffer.from(piece).toString('latin1');
  return text;
}

it('passes every byte that is typed, except for keys that are not for the program', async () => {
  const stdin = new PassThrough();
  let gone = 0;
  const input = new TypedInput(
    stdin,
    (keys) => keys.length === 1 && keys[0] === 28,
    () => {
      gone += 1;
    },
  );
  const passed = collect(input);
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  for (const each of [all, Buffer.from([28]), Buffer.from('end')]) {
    stdin.write(each);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stdin.end();
  expect(await passed).toBe(`${all.toString('latin1')}end`);
  expect(gone).toBe(1);
});

it('reads on while nothing can be sent, up to a limit', async () => {
  const stdin = new PassThrough({ highWaterMark: 1 });
  let seen = 0;
  using input = new TypedInput(
    stdin,
    (keys) => {
      seen += keys.length;
      return false;
    },
    () => {},
  );
  for (let times = 0; times < 20; times += 1) stdin.write(Buffer.alloc(1024 * 1024));
  await expect.poll(() => seen).toBe(17 * 1024 * 1024);
  for await (const piece of input) {
    expect(piece.length).toBe(17 * 1024 * 1024);
    break;
  }
  await expect.poll(() => seen).toBe(20 * 1024 * 1024);
});

it.each([
  ['a line\n', 'a line\n\x04'],
  ['no end', 'no end\x04\x04'],
  ['', '\x04'],
])('ends piped input %j with the key for that, and not before the session', async (given, passed) => {
  const control = new AbortController();
  const piped = pipedInput(
    (async function* () {
      yield Buffer.from(given);
    })(),
    control.signal,
  );
  let text = '';
  const ended = (async () => {
    for await (const piece of piped) text += Buffer.from(piece).toString();
    return 'ended';
  })();
  await expect.poll(() => text).toBe(passed);
  expect(await Promise.race([ended, Promise.resolve('open')])).toBe('open');
  control.abort();
  expect(await ended).toBe('ended');
});
