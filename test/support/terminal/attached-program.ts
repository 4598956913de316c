/**
 * Program that takes over its terminal as `latchkey attach` does, draws on it, and fails a moment later:
 * attached-program.ts timer|promise
 */
import { AttachedTerminal } from '../../../src/cli/terminal/attached-terminal.ts';
import { RecentOutput } from '../../../src/cli/terminal/recent-output.ts';
import { processIo } from '../../../src/terminal/io.ts';

const LONG_ENOUGH_TO_BE_SEEN_MS = 700;
const DRAWING = '\x1b[?1049h\x1b[2J\x1b[H\x1b[?25l\x1b[?1000h\x1b]2;my title\x07all is well';

const terminal = new AttachedTerminal(processIo(), new RecentOutput({ columns: 80, rows: 24 }));
await terminal.write(Buffer.from(DRAWING));
setTimeout(() => {
  if (process.argv[2] === 'timer') throw new Error('a timer went wrong');
  void Promise.reject(new Error('a promise went wrong'));
}, LONG_ENOUGH_TO_BE_SEEN_MS);
