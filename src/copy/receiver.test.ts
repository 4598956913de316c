/** The receiving end with a sender that lies: nothing appears outside of the target. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { Frame } from '../generated/latchkey/copy/v1/copy.ts';
import { frameOf } from '../link-protocol/message-decoder.ts';
import { Channel } from './channel.ts';
import { type Body, MAX_UNANSWERED } from './protocol.ts';
import { receive } from './receiver.ts';
import { Target } from './target.ts';

let folder: string;
const to = (...names: string[]): string => join(folder, 'to', ...names);

const encoded = (body: Body): Buffer => frameOf(Frame.encode({ body }).finish());
const about = { mode: 0o7777, modifiedUs: 0 };
const source = (index = 0): Body => ({ $case: 'source', value: { index } });
const dir = (name: string): Body => ({ $case: 'folder', value: { name: Buffer.from(name), ...about } });
const link = (name: string, target: string): Body => ({
  $case: 'link',
  value: { name: Buffer.from(name), target: Buffer.from(target), modifiedUs: 0 },
});
const file = (name: string, size = 3): Body => ({
  $case: 'file',
  value: { name: Buffer.from(name), size, ...about },
});
const begin = (offset = 0): Body => ({ $case: 'begin', value: { offset } });
const data = (text: string, zeros = 0): Body => ({
  $case: 'data',
  value: { bytes: Buffer.from(text), zeros },
});
const endFile: Body = { $case: 'endFile', value: { problem: '' } };
const endFolder: Body = { $case: 'endFolder', value: {} };
const content: Body[] = [begin(), data('bad'), endFile];

/** Receives these bytes into to(); resolves with the outcomes. */
async function receiveBytes(chunks: readonly Buffer[], preserve = true): Promise<string[]> {
  const told: string[] = [];
  async function* arriving(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  await using channel = new Channel({ write: async () => {}, chunks: arriving() });
  using target = Target.open(to(), 2);
  const names = ['one', 'two'].map((name) => Buffer.from(name));
  await receive(
    channel,
    { target, names, preserve, resume: false, umask: 0o022 },
    {
      told: ({ kind, names }, { problem }) => void told.push(`${kind} ${names.join('/')} ${problem}`),
      received: () => {},
      problem: () => {},
      began: () => {},
    },
  );
  return told;
}

const receiveAll = (...bodies: Body[]): Promise<string[]> =>
  receiveBytes([...bodies, { $case: 'done', value: {} } as const].map(encoded));

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'copy-'));
  fs.mkdirSync(to());
  fs.writeFileSync(join(folder, 'outside'), 'outside');
});
afterEach(() => {
  // Nothing but the target has been touched, and no descriptor stays open.
  expect(fs.readdirSync(folder).toSorted()).toEqual(['outside', 'to']);
  expect(fs.readFileSync(join(folder, 'outside'), 'utf8')).toBe('outside');
  const open = fs.readdirSync('/proc/self/fd').map((fd) => {
    return fs.existsSync(`/proc/self/fd/${fd}`) ? fs.readlinkSync(`/proc/self/fd/${fd}`) : '';
  });
  expect(open.filter((path) => path.startsWith(folder))).toEqual([]);
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('a sender', () => {
  it.each<[string, Body[]]>([
    ['a name that leads up', [source(), dir(''), file('../outside'), ...content]],
    ['the name of the folder above', [source(), dir(''), dir('..'), file('outside'), ...content]],
    ['an absolute name', [source(), dir(''), file('/tmp/x'), ...content]],
    ['a name for a source', [source(), file('outside'), ...content]],
    ['an item without a source', [file(''), ...content]],
    ['two items for one source', [source(), file(''), ...content, file(''), ...content]],
    ['a source that was not asked for', [source(2), file(''), ...content]],
    ['a source twice', [source(), file(''), ...content, source(), file(''), ...content]],
    ['the end of a folder that it is not in', [source(), dir(''), endFolder, endFolder]],
    ['content without a file', [source(), dir(''), data('x')]],
    ['content before its begin', [source(), file(''), data('bad'), endFile]],
    ['a file that begins where nothing is', [source(), file(''), begin(2), data('b'), endFile]],
    ['more of a file than its size', [source(), file('', 2), ...content]],
    ['more zeros than its size', [source(), file('', 9), begin(), data('', 10)]],
    ['less of a file than its size', [source(), file('', 4), ...content]],
    ['a size below zero', [source(), file('', -1)]],
    ['an end before the end', [source(), dir('')]],
    ['what only a receiver sends', [{ $case: 'credit', value: { bytes: 1 } }]],
    ['too many files at once', [source(), dir(''), ...Array.from({ length: 200 }, (_, at) => file(`${at}`))]],
  ])('that sends %s is refused', async (_what, bodies) => {
    await expect(receiveAll(...bodies)).rejects.toThrow(/broke the protocol/);
    expect(fs.readdirSync(to()).filter((name) => !name.startsWith('.') && name !== 'one')).toEqual([]);
  });

  it('that makes a symbolic link and then writes through it does not get out', async () => {
    const told = await receiveAll(
      source(),
      dir(''),
      link('up', '../..'),
      dir('up'),
      file('outside'),
      endFolder,
      link('outside', '../../outside'),
      file('outside'),
      ...content,
      endFolder,
    );
    expect(told).toContain('folder up a symbolic link has its name');
    expect(fs.lstatSync(to('one/up')).isSymbolicLink()).toBe(true);
    expect(fs.lstatSync(to('one/outside')).isFile()).toBe(true);
  });

  it('that puts a link in the place of the incomplete file does not get out', async () => {
    const told = await receiveAll(
      source(),
      dir(''),
      link('.x.latchkey-part', '../../outside'),
      file('x'),
      endFolder,
    );
    expect(told[2]).toMatch(/^file x a symbolic link has the name .x.latchkey-part/);
  });

  it('decides neither the name of a source nor bits beyond permissions', async () => {
    await receiveAll(source(1), file(''), ...content);
    expect(fs.readdirSync(to())).toEqual(['two']);
    expect(fs.statSync(to('two')).mode & 0o7777).toBe(0o777);
  });

  it('that disappears leaves what came, under no final name', async () => {
    await expect(receiveBytes([source(), file(''), begin(), data('ba')].map(encoded))).rejects.toThrow(
      /has gone/,
    );
    expect(fs.readdirSync(to())).toEqual(['.one.latchkey-part']);
    expect(fs.statSync(to('.one.latchkey-part')).mode & 0o777).toBe(0o600);
  });
});

const name = fc.constantFrom('a', 'b', '.a.latchkey-part', '..', '../outside', 'outside', '/', '');
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.nat(2).map(source),
  name.map(dir),
  fc.constant(endFolder),
  fc
    .tuple(name, fc.constantFrom('..', '../..', '../outside', '../../outside', 'a', '/'))
    .map(([one, two]) => link(one, two)),
  fc.tuple(name, fc.integer({ min: -1, max: 5 })).map(([one, size]) => file(one, size)),
  fc.integer({ min: -1, max: 3 }).map(begin),
  fc.tuple(fc.constantFrom('', 'x', 'bad'), fc.nat(3)).map(([text, zeros]) => data(text, zeros)),
  fc.constant(endFile),
);

describe('whatever comes', () => {
  it('in frames, nothing appears outside of the target', async () => {
    const opening = [source(), dir('')];
    const all = fc.array(body, { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(all, async (bodies) => {
        await receiveAll(...opening, ...bodies).catch(expectAppError);
        expect(fs.readdirSync(folder).toSorted()).toEqual(['outside', 'to']);
        expect(fs.readFileSync(join(folder, 'outside'), 'utf8')).toBe('outside');
        fs.rmSync(to(), { recursive: true });
        fs.mkdirSync(to());
      }),
      { numRuns: 500 },
    );
  });

  it('in bytes, however they are cut, frames come out or an error does', async () => {
    const frames = [source(), file(''), begin(), data('bad'), endFile, { $case: 'done', value: {} } as const];
    const stream = Buffer.concat(frames.map(encoded));
    const cuts = fc.array(fc.nat(stream.length), { maxLength: 20 });
    const noise = fc.option(fc.record({ at: fc.nat(stream.length - 1), byte: fc.nat(255) }));
    await fc.assert(
      fc.asyncProperty(cuts, noise, async (at, changed) => {
        const bytes = Buffer.from(stream);
        if (changed !== null) bytes[changed.at] = changed.byte;
        const ends = [0, ...at.toSorted((one, other) => one - other), bytes.length];
        const chunks = ends.slice(1).map((end, index) => bytes.subarray(ends[index], end));
        const received = receiveBytes(chunks);
        if (changed === null) expect(await received).toEqual(['file  ']);
        else await received.catch(expectAppError);
      }),
    );
  });
});

function expectAppError(error: unknown): void {
  expect(error).toBeInstanceOf(AppError);
}

it('has a limit of unanswered items that its senders keep', () => {
  expect(MAX_UNANSWERED).toBe(128); // a part of the protocol
});
