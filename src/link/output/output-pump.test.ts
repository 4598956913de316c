import { closeSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onSmallDisk, whyNoSmallDisk } from '../../../test/support/disk/small-disk.ts';
import { makePipe, type Pipe } from '../../native/pipe.ts';
import { SessionFolder } from '../session/session-folder.ts';
import { OutputLog } from './output-log.ts';
import { OutputPump } from './output-pump.ts';

/** Capacity of a pipe at most (pipe(7)). */
const PIPE_MAX_BYTES = 1024 * 1024;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-pump-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('a full disk makes the program wait, with one warning, and loses nothing', async (ctx) => {
  const why = await whyNoSmallDisk();
  if (why !== undefined) return ctx.skip(why);
  const result = await onSmallDisk(
    new URL('../../../test/support/disk/full-disk-pump.ts', import.meta.url),
    folder,
    4,
  );
  const warnings = ['output cannot be written to disk (no space left on the device); the program waits'];
  expect(result).toMatchObject({ end: 3 * 1024 * 1024, isWhole: true, warnings });
});

describe('when the program is over', () => {
  let owned: DisposableStack;
  beforeEach(() => {
    owned = new DisposableStack();
    return () => owned.dispose();
  });

  /** A pump of two pipes, whose other ends the test has; `logOf` changes its log. */
  function newPump(logOf: (log: OutputLog, output: Pipe) => OutputLog = (log) => log) {
    const record = { id: 's', command: [], bootId: '', createdAt: 0, outputLimit: 65_536 };
    const log = owned.use(OutputLog.create(SessionFolder.create(folder, record)));
    const output = makePipe();
    const errors = makePipe();
    for (const { write } of [output, errors]) owned.defer(() => closeSync(write));
    /** Bytes in the log when all were said to be there. */
    const drainedAt: number[] = [];
    const events = { moved: () => {}, ended: () => {}, warning: () => {} };
    const pump = new OutputPump(
      logOf(log, output),
      { output: output.read, errors: errors.read },
      { ...events, drained: () => drainedAt.push(log.end) },
    );
    owned.defer(() => pump.close());
    return { log, output, errors, pump, drainedAt };
  }

  it('says that all is in the log once both pipes are empty, whoever else may still print', () => {
    const { log, output, errors, pump, drainedAt } = newPump();
    const printed = 4 * log.maxMove - 100; // more than is moved at once
    writeSync(output.write, Buffer.alloc(printed));
    writeSync(errors.write, 'last words');
    pump.finish();
    expect(drainedAt).toEqual([printed + 'last words'.length]);
  });

  it('waits no longer for a pipe that others fill again and again than the program can have filled it', () => {
    const most = 3 * PIPE_MAX_BYTES;
    const filledAgain = (log: OutputLog, { write }: Pipe): OutputLog => {
      const append: OutputLog['append'] = (from, stream) => {
        if (log.end > most) throw new Error('it does not end');
        const moved = log.append(from, stream);
        if (typeof moved === 'number') writeSync(write, Buffer.alloc(moved));
        return moved;
      };
      const { limit, maxMove } = log;
      return { limit, maxMove, append, end: 0 } as unknown as OutputLog;
    };
    const { output, pump, drainedAt } = newPump(filledAgain);
    writeSync(output.write, Buffer.alloc(20_000));
    pump.finish();
    expect(drainedAt).toHaveLength(1);
    expect(drainedAt[0]).toBeGreaterThanOrEqual(PIPE_MAX_BYTES);
  });
});
