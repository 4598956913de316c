/** Program that writes to a store on a disk that fills up, and prints what happened. See store.test.ts. */
import { readdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { isAppError } from '../../../src/errors.ts';
import { openStore } from '../../../src/store/open.ts';
import { deleteTokens, insertToken, selectToken, tokenIdsOf } from '../../../src/store/tables/tokens.ts';
import { tokenRow } from '../../contract/rows.ts';
import { emptyDisk, fillDisk } from './fill-disk.ts';

const folder = process.argv[2] ?? '';
const url = `sqlite:${join(folder, 'latchkey.db')}`;

async function outcome(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'done',
    (error) => (isAppError(error) ? error.reason : String(error)),
  );
}

const store = await openStore({ url });
const insert = (jti: string): Promise<string> =>
  outcome(store.commit((tx) => insertToken(tx, tokenRow(jti))));
const revoke = (jti: string): Promise<string> =>
  outcome(store.commit((tx) => deleteTokens(tx, [jti]), { isUrgent: true }));
const report: Record<string, unknown> = {};

const acknowledged: string[] = [];
for (let index = 0; index < 200; index++)
  if ((await insert(`early${index}`)) === 'done') acknowledged.push(`early${index}`);
fillDisk(folder);
// The log's present file may still have room; go on until it has not.
let last = 'done';
for (let index = 0; last === 'done' && index < 20_000; index++) {
  last = await insert(`late${index}`);
  if (last === 'done') acknowledged.push(`late${index}`);
}
report.filled = last;
report.revokedWhileFull = await revoke('early0');
report.reserveReleased = !readdirSync(folder).includes('latchkey.db-reserve');
report.issuedAfterwards = await insert('after');
const together = await Promise.all([insert('mixed'), revoke('early1'), insert('mixed2'), revoke('early2')]);
report.together = together;
const more: string[] = [];
for (let index = 3; index < 100; index++) more.push(await revoke(`early${index}`));
report.revokedMore = [...new Set(more)];
report.freeBytes = statfsSync(folder).bavail > 0;
emptyDisk(folder);
const deadline = Date.now() + 5000; // the store tries once a second to get its reserve back
let recovered = await insert('recovered');
while (recovered !== 'done' && Date.now() < deadline) {
  await setTimeout(50);
  recovered = await insert('recovered');
}
report.recovered = recovered;
report.reserveBack = readdirSync(folder).includes('latchkey.db-reserve');
await store[Symbol.asyncDispose]();

const again = await openStore({ url });
const kept = new Set(await again.read((db) => tokenIdsOf(db, 'alice')));
const expected = new Set([...acknowledged.filter((jti) => !/^early\d\d?$/.test(jti)), 'recovered']);
report.keptExactly = kept.size === expected.size && [...expected].every((jti) => kept.has(jti));
report.revokedIsGone = (await again.read((db) => selectToken(db, 'early0'))) === undefined;
await again[Symbol.asyncDispose]();
process.stdout.write(JSON.stringify(report));
