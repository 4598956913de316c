import { closeSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Stream } from '../../generated/latchkey/link/v1/link.ts';
import { FrameDecoder } from '../../link-protocol/frames.ts';
import { writeOutputHeader } from '../../link-protocol/output-frame.ts';
import { makePipe } from '../../native/pipe.ts';
import { SessionFolder } from '../session/session-folder.ts';
import { OutputLog } from './output-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const written = fc.array(
  fc.record({
    stream: fc.constantFrom(Stream.STDOUT, Stream.STDERR),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 30_000 }),
  }),
  { maxLength: 40 },
);

/** All that is kept, as stream and bytes, in pieces of `length` at most. */
function readAll(log: OutputLog, from: number, length: number): { stream: Stream; bytes: Buffer }[] {
  const at = log.position(from);
  const pieces: { stream: Stream; bytes: Buffer }[] = [];
  for (;;) {
    const buffer = Buffer.alloc(length);
    const { bytes, stream } = log.read(at, buffer, 0, length);
    if (bytes === 0) return pieces;
    pieces.push({ stream, bytes: buffer.subarray(0, bytes) });
  }
}

it.each([
  ['one file', Number.POSITIVE_INFINITY],
  ['files of a limited size', 20_000],
])(
  'returns each byte with its stream, from any offset, after reopening and dropping, in %s',
  (_, fileBytes) => {
    let run = 0;
    fc.assert(
      fc.property(written, fc.nat(), fc.integer({ min: 1, max: 70_000 }), (pieces, seed, length) => {
        run += 1;
        const record = { id: `s${run}`, command: [], bootId: '', createdAt: 0, outputLimit: 65_536 };
        const session = SessionFolder.create(folder, record);
        const pipe = makePipe();
        let log = OutputLog.create(session, fileBytes);
        for (const [index, { stream, bytes }] of pieces.entries()) {
          writeSync(pipe.write, bytes);
          while (log.append(pipe.read, stream) !== 'empty');
          if ((seed + index) % 5 !== 0) continue;
          log[Symbol.dispose]();
          const again = OutputLog.take(session, fileBytes);
          if (again === undefined) throw new Error('locked');
          log = again;
        }
        const streams = Buffer.concat(pieces.map(({ stream, bytes }) => Buffer.alloc(bytes.length, stream)));
        const all = Buffer.concat(pieces.map(({ bytes }) => bytes));
        expect(log.end).toBe(all.length);
        expect(log.end - log.first).toBeGreaterThanOrEqual(Math.min(all.length, 65_536));
        expect(log.end - log.first).toBeLessThanOrEqual(65_536 * 1.25 + 4096);
        const from = log.first + (seed % (log.end - log.first + 1));
        const read = readAll(log, from, length);
        expect(Buffer.concat(read.map(({ bytes }) => bytes)).equals(all.subarray(from))).toBe(true);
        const readStreams = Buffer.concat(
          read.map(({ stream, bytes }) => Buffer.alloc(bytes.length, stream)),
        );
        expect(readStreams.equals(streams.subarray(from))).toBe(true);
        log[Symbol.dispose]();
        closeSync(pipe.read);
        closeSync(pipe.write);
      }),
      { numRuns: 60 },
    );
  },
);

it('is open in one link at a time', () => {
  const record = { id: 'one', command: [], bootId: '', createdAt: 0, outputLimit: 1 };
  const session = SessionFolder.create(folder, record);
  const log = OutputLog.create(session);
  expect(OutputLog.take(session)).toBeUndefined();
  log[Symbol.dispose]();
});

it('is open in one link at a time, also when its oldest files have been dropped', () => {
  const record = { id: 'long', command: [], bootId: '', createdAt: 0, outputLimit: 65_536 };
  const session = SessionFolder.create(folder, record);
  const log = OutputLog.create(session, 8192);
  const pipe = makePipe();
  for (let written = 0; log.first === 0 || written < 8; written += 1) {
    writeSync(pipe.write, Buffer.alloc(16_384));
    while (log.append(pipe.read, Stream.STDOUT) !== 'empty');
  }
  expect(OutputLog.take(session, 8192)).toBeUndefined();
  log[Symbol.dispose]();
  for (const fd of [pipe.read, pipe.write]) closeSync(fd);
});

it('is framed as by the codec', () => {
  fc.assert(
    fc.property(fc.nat(), fc.maxSafeNat(), fc.uint8Array(), (reader, offset, bytes) => {
      const data = Buffer.from(bytes);
      const buffer = Buffer.concat([Buffer.alloc(64), data]);
      const start = writeOutputHeader(buffer, 64, {
        reader,
        offset,
        stream: Stream.STDERR,
        bytes: data.length,
      });
      const [frame] = new FrameDecoder().push(buffer.subarray(start));
      expect(frame).toEqual({
        request: 0,
        body: { $case: 'output', value: { reader, offset, stream: Stream.STDERR, data } },
      });
    }),
  );
});

it('can be read while a link that writes it has it locked, and taken by no other', () => {
  const record = { id: 'locked', command: [], bootId: '', createdAt: 0, outputLimit: 65_536 };
  const session = SessionFolder.create(folder, record);
  using written = OutputLog.create(session);
  const { read, write } = makePipe();
  writeSync(write, 'hello');
  written.append(read, Stream.STDOUT);
  expect(OutputLog.take(session)).toBeUndefined();
  using shown = OutputLog.read(session);
  expect(readAll(shown, 0, 100)).toEqual([{ stream: Stream.STDOUT, bytes: Buffer.from('hello') }]);
  for (const fd of [read, write]) closeSync(fd);
});
