/** Both ends of a copy, in one process. */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Channel } from './channel.ts';
import type { Position } from './position.ts';
import { type ReceiveOptions, receive } from './receiver.ts';
import { send } from './sender.ts';
import { Target } from './target.ts';
import { type Item, walk } from './walk.ts';

const KIB = 1024;
let folder: string;
const from = (...names: string[]): string => join(folder, 'from', ...names);
const to = (...names: string[]): string => join(folder, 'to', ...names);

interface Options extends Partial<Omit<ReceiveOptions, 'target'>> {
  readonly after?: Position;
  /** Changes the items of the walk, or does something when one is found. */
  readonly found?: (item: Item) => void;
}

interface Result {
  /** Kind and path of each item, with its problem. */
  readonly told: string[];
  readonly problems: string[];
  readonly places: Position[];
}

/** Returns the two ends of a connection. */
function connected(): [Channel, Channel] {
  const one = new PassThrough({ highWaterMark: 64 * KIB });
  const other = new PassThrough({ highWaterMark: 64 * KIB });
  const end = (out: PassThrough, chunks: PassThrough): Channel =>
    new Channel({
      write: (bytes) => new Promise((resolve) => out.write(bytes, () => resolve())),
      chunks: chunks as AsyncIterable<Buffer>,
    });
  return [end(one, other), end(other, one)];
}

/** Copies `sources`, below from(), to `target`, below to(). */
async function copy(sources: string[], target = '', options: Options = {}): Promise<Result> {
  const { after, found = () => {}, ...rest } = options;
  const result: Result = { told: [], problems: [], places: [] };
  const [sending, receiving] = connected();
  using opened = Target.open(to(target), sources.length);
  const names = sources.map((name) => Buffer.from(name.replace(/.*\//, '').replace(/^\.$/, '')));
  function* items(): Generator<Item> {
    const paths = sources.map((name) => Buffer.from(from(name)));
    for (const item of walk({ sources: paths, recursive: true, after })) {
      found(item);
      yield item;
    }
  }
  await Promise.all([
    send(sending, items(), {
      told: (item, { problem, unchanged, noFolder }) => {
        const place = [sources[item.source], ...item.names.map(String)].join('/');
        const flaw = [unchanged && 'unchanged', noFolder && 'no folder', problem].filter(Boolean).join();
        result.told.push(`${item.kind} ${place}${flaw && ` ${flaw}`}`);
        result.places.push(item);
      },
      received: () => {},
      problem: (at, text) => void result.problems.push(`${at.names.join('/')}: ${text}`),
      began: () => {},
    }),
    receive(
      receiving,
      { target: opened, names, preserve: false, resume: false, umask: 0o022, ...rest },
      { told: () => {}, received: () => {}, problem: () => {}, began: () => {} },
    ),
  ]);
  return result;
}

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'copy-'));
  for (const name of ['from', 'to']) fs.mkdirSync(join(folder, name));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

describe('a file', () => {
  it('replaces a file but keeps its mode, as with cp(1), and gets its own mode less the umask when new', async () => {
    for (const name of ['a', 'b']) fs.writeFileSync(from(name), 'new', { mode: 0o666 });
    for (const name of ['a', 'b']) fs.chmodSync(from(name), 0o666);
    fs.writeFileSync(to('a'), 'older', { mode: 0o600 });
    expect((await copy(['a', 'b'])).told).toEqual(['file a', 'file b']);
    expect(fs.readFileSync(to('a'), 'utf8')).toBe('new');
    expect(fs.statSync(to('a')).mode & 0o777).toBe(0o600);
    expect(fs.statSync(to('b')).mode & 0o777).toBe(0o644);
  });

  it('never brings a set-user-ID bit along', async () => {
    fs.writeFileSync(from('a'), '');
    fs.chmodSync(from('a'), 0o6755);
    await copy(['a'], '', { preserve: true });
    expect(fs.statSync(to('a')).mode & 0o7777).toBe(0o755);
  });

  it('with holes gets holes', async () => {
    fs.writeFileSync(from('a'), 'x');
    fs.truncateSync(from('a'), 64 * KIB * KIB + 5);
    await copy(['a']);
    const { size, blocks } = fs.statSync(to('a'));
    expect(size).toBe(64 * KIB * KIB + 5);
    expect(blocks * 512).toBeLessThan(KIB * KIB);
    expect(fs.readFileSync(to('a')).equals(fs.readFileSync(from('a')))).toBe(true);
  });

  it('that becomes shorter meanwhile is not there, and the next one is', async () => {
    fs.writeFileSync(from('a'), Buffer.alloc(300 * KIB, 1));
    fs.writeFileSync(from('b'), 'b');
    const found = (item: Item): void => {
      if (item.kind === 'file' && item.source === 0) fs.truncateSync(from('a'), 200 * KIB);
    };
    expect((await copy(['a', 'b'], '', { found })).told).toEqual([
      'file a it became shorter while it was copied',
      'file b',
    ]);
    expect(fs.readdirSync(to())).toEqual(['.a.latchkey-part', 'b']);
  });

  it('that grows meanwhile is copied as it was, and said to have changed', async () => {
    fs.writeFileSync(from('a'), 'one');
    const found = (item: Item): void => {
      if (item.kind === 'file') fs.appendFileSync(from('a'), 'two');
    };
    const { told, problems } = await copy(['a'], '', { found });
    expect({ told, problems }).toEqual({
      told: ['file a'],
      problems: [': it was changed while it was copied'],
    });
    expect(fs.readFileSync(to('a'), 'utf8')).toBe('one');
  });

  it('takes the place of a symbolic link, and what that names stays', async () => {
    fs.writeFileSync(from('a'), 'new');
    fs.writeFileSync(join(folder, 'other'), 'other');
    fs.symlinkSync('../other', to('a'));
    await copy(['a']);
    expect(fs.lstatSync(to('a')).isFile()).toBe(true);
    expect(fs.readFileSync(join(folder, 'other'), 'utf8')).toBe('other');
  });
});

describe('an incomplete file of an earlier copy', () => {
  const content = Buffer.from(Array.from({ length: 400 * KIB }, (_, at) => (at * 7919) % 251));
  const part = (): string => to('.a.latchkey-part');
  beforeEach(() => fs.writeFileSync(from('a'), content));

  it.each([
    ['is continued when it is how the file begins', 300 * KIB, 0, 100 * KIB],
    ['is begun anew when one byte differs', 300 * KIB, 1, 400 * KIB],
    ['is begun anew when it is longer than the file', 500 * KIB, 0, 400 * KIB],
  ])('%s', async (_title, bytes, difference, sent) => {
    const before = Buffer.concat([content, content]).subarray(0, bytes);
    before[1000] = (before[1000] ?? 0) + difference;
    fs.writeFileSync(part(), before, { mode: 0o600 });
    const inode = fs.statSync(part()).ino;
    let received = 0;
    const [sending, receiving] = connected();
    using target = Target.open(to(), 1);
    await Promise.all([
      send(sending, walk({ sources: [Buffer.from(from('a'))], recursive: false, after: undefined }), {
        told: () => {},
        received: () => {},
        problem: () => {},
        began: () => {},
      }),
      receive(
        receiving,
        { target, names: [Buffer.from('a')], preserve: false, resume: false, umask: 0o022 },
        { told: () => {}, received: (more) => (received += more), problem: () => {}, began: () => {} },
      ),
    ]);
    expect(received - (sent === 100 * KIB ? bytes : 0)).toBe(sent);
    expect(fs.readFileSync(to('a')).equals(content)).toBe(true);
    expect(fs.statSync(to('a')).ino).toBe(inode);
    expect(fs.existsSync(part())).toBe(false);
  });

  it.each([
    ['is a symbolic link', () => fs.symlinkSync('../other', part()), /a symbolic link has the name/],
    ['has another name, too', () => fs.linkSync(join(folder, 'other'), part()), /somebody else could change/],
    ['others may write to', () => fs.chmodSync(fs.realpathSync(made()), 0o666), /somebody else could change/],
  ])('that %s is left alone', async (_title, prepare, problem) => {
    fs.writeFileSync(join(folder, 'other'), 'other');
    prepare();
    const { told } = await copy(['a']);
    expect(told[0]).toMatch(problem);
    expect(fs.readFileSync(join(folder, 'other'), 'utf8')).toBe('other');
    expect(fs.existsSync(to('a'))).toBe(false);
  });

  function made(): string {
    fs.writeFileSync(part(), 'x');
    return part();
  }
});

describe('a tree', () => {
  beforeEach(() => {
    for (const name of ['one', 'one/deep', 'two']) fs.mkdirSync(from(name));
    for (const name of ['a', 'one/b', 'one/deep/c', 'two/d', 'z']) fs.writeFileSync(from(name), name);
  });
  const all = [
    'folder .',
    'file ./a',
    'folder ./one',
    'file ./one/b',
    'folder ./one/deep',
    'file ./one/deep/c',
    'folder ./two',
    'file ./two/d',
    'file ./z',
  ];

  it('is copied in the order of names, into the target for its contents', async () => {
    expect((await copy(['.'])).told).toEqual(all);
    expect(fs.readdirSync(to(), { recursive: true }).length).toBe(all.length - 1);
  });

  it('goes on after any item with all that follow it and the folders above them', async () => {
    const { places } = await copy(['.']);
    for (const [index, after] of places.entries()) {
      const told = (await copy(['.'], '', { after })).told.filter((line) => line.startsWith('file'));
      expect(told).toEqual(all.slice(index + 1).filter((line) => line.startsWith('file')));
    }
  });

  it('is all there with --resume when times and sizes are the same, and nothing is written', async () => {
    const options = { preserve: true, resume: true };
    await copy(['.'], '', options);
    fs.writeFileSync(from('two/d'), 'other length');
    const changed = fs.statSync(to('a')).ctimeMs;
    const { told } = await copy(['.'], '', options);
    expect(told.filter((line) => line.startsWith('file') && !line.endsWith(' unchanged'))).toEqual([
      'file ./two/d',
    ]);
    expect(fs.statSync(to('a')).ctimeMs).toBe(changed);
  });

  it('does not follow a symbolic link that has the name of a folder', async () => {
    fs.mkdirSync(join(folder, 'other'));
    fs.symlinkSync('../other', to('one'));
    const { told } = await copy(['.']);
    expect(told).toContain('folder ./one a symbolic link has its name');
    expect(told).toContain('file ./one/b no folder');
    expect(told).toContain('file ./two/d');
    expect(fs.readdirSync(join(folder, 'other'))).toEqual([]);
  });

  it('gives a folder its mode only when everything is in it', async () => {
    fs.chmodSync(from('one'), 0o555);
    await copy(['.']);
    expect(fs.statSync(to('one')).mode & 0o777).toBe(0o555);
    expect(fs.readFileSync(to('one/deep/c'), 'utf8')).toBe('one/deep/c');
    for (const name of [from('one'), to('one')]) fs.chmodSync(name, 0o755);
  });

  it('of more items than may be unanswered is copied', async () => {
    for (let at = 0; at < 500; at += 1) fs.writeFileSync(from('two', `${at}`), `${at}`);
    expect((await copy(['two'])).told.length).toBe(502);
    expect(fs.readdirSync(to('two')).length).toBe(501);
    expect(fs.readdirSync('/proc/self/fd').length).toBeLessThan(200);
  });

  it('goes to a new name when there is no folder, and to none below a file', async () => {
    expect((await copy(['one'], 'new')).told[0]).toBe('folder one');
    expect(fs.readdirSync(to('new'))).toEqual(['b', 'deep']);
    fs.writeFileSync(to('file'), '');
    await expect(copy(['one'], 'file/x')).rejects.toThrow(/cannot copy to .*file\/x': a part of the path/);
    await expect(copy(['one', 'two'], 'nothing')).rejects.toThrow(/there are several sources/);
    expect((await copy(['a'], 'nothing/')).told).toEqual(['file a the target is not a folder']);
  });
});
