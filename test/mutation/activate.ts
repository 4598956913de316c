/** Set-up of a test file: tells its world which mutant is active, or where to note the mutants it reaches. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { ORDER_FILE, type Order } from './order.ts';
import { MUTANT, REACHED_FOLDER } from './test-runs.ts';

function noteReached(folder: string): string {
  const { testPath = '' } = expect.getState();
  const reached = join(folder, encodeURIComponent(relative(process.cwd(), testPath)));
  writeFileSync(reached, '', { flag: 'a' });
  chmodSync(reached, 0o666); // processes of every account note what they reach
  return reached;
}

const { [MUTANT]: active = '', [REACHED_FOLDER]: folder } = process.env;
const order: Order = folder === undefined ? { active } : { reached: noteReached(folder) };
writeFileSync(ORDER_FILE, JSON.stringify(order));
