/** Set-up of a test file: from now on, the mutants that it reaches are noted in a file of its own. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { ORDER_FILE, type Order } from './order.ts';
import { REACHED_FOLDER } from './test-runs.ts';

const folder = process.env[REACHED_FOLDER];
const { testPath } = expect.getState();
if (folder === undefined || testPath === undefined)
  throw new Error('there is nowhere to note what is reached');

const reached = join(folder, encodeURIComponent(relative(process.cwd(), testPath)));
writeFileSync(reached, '', { flag: 'a' });
chmodSync(reached, 0o666); // processes of every account note what they reach
writeFileSync(ORDER_FILE, JSON.stringify({ reached } satisfies Order));
