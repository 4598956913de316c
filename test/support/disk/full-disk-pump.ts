/**
 * Program for a disk of 1 MiB: prints 3 MiB until the disk is full, makes room, and prints as JSON what
 * arrived.
 */

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { OutputLog } from '../../../src/link/output/output-log.ts';
import { OutputPump } from '../../../src/link/output/output-pump.ts';
import { bootId, SessionFolder } from '../../../src/link/session/session-folder.ts';
import { makePipe } from '../../../src/native/pipe.ts';

const PRINTED = 3 * 1024 * 1024;
const folder = process.argv[2] ?? '';
const ballast = join(folder, 'ballast');
writeFileSync(ballast, Buffer.alloc(3 * 1024 * 1024 + 512 * 1024));

const record = { id: 'full', command: ['x'], bootId: bootId(), createdAt: 0, outputLimit: 2 ** 26 };
const log = OutputLog.create(SessionFolder.create(folder, record));
const output = makePipe();
const errors = makePipe();
const program = spawn('head', ['-c', `${PRINTED}`, '/dev/zero'], {
  stdio: ['ignore', output.write, errors.write],
});
for (const fd of [output.write, errors.write]) closeSync(fd);

const warnings: string[] = [];
const pipes = { output: output.read, errors: errors.read };
const keepAlive = setInterval(() => {}, 1000);
const pump = new OutputPump(log, pipes, {
  moved: () => {},
  drained: () => {},
  warning: (text) => {
    warnings.push(text);
    setTimeout(() => rmSync(ballast, { force: true }), 1200);
  },
  ended: () => {
    const hash = createHash('sha256');
    const at = log.position(0);
    const buffer = Buffer.alloc(65_536);
    for (let bytes = 1; bytes > 0; ) {
      ({ bytes } = log.read(at, buffer, 0, buffer.length));
      hash.update(buffer.subarray(0, bytes));
    }
    const isWhole = hash.digest('hex') === createHash('sha256').update(Buffer.alloc(PRINTED)).digest('hex');
    console.log(JSON.stringify({ end: log.end, isWhole, warnings, status: program.exitCode }));
    pump.close();
    clearInterval(keepAlive);
  },
});
