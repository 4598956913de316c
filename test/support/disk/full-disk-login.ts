/** Program for a small disk: fills it, and prints as JSON what a check for a login says and leaves there. */
import { readdirSync } from 'node:fs';
import { checkWritable } from '../../../src/client/find/server-folder.ts';
import { isAppError } from '../../../src/errors.ts';
import { emptyDisk, fillDisk } from './fill-disk.ts';

const folder = process.argv[2] ?? '';
fillDisk(folder);
let reason: string | undefined;
try {
  checkWritable(folder);
} catch (error) {
  reason = isAppError(error) ? error.reason : String(error);
}
emptyDisk(folder);
console.log(JSON.stringify({ reason, left: readdirSync(folder) }));
