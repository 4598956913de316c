/** Checks that the store has disk space left. */
import { lstatSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isReserved, reservePath } from '../../store/reserve.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Service } from './service.ts';

const MIB = 1024 ** 2;
/** Bytes: a problem below the first limit, a warning below the second or below 5 % of the whole. */
const BYTES = { problem: 32 * MIB, warning: 256 * MIB };
const INODES = { problem: 100, warning: 1000 };
const LOW_SHARE = 0.05;

const found = new Findings('disk');

/** `path` is the database. */
export function checkDisk(path: string, { log }: Service): Finding[] {
  const folder = dirname(path);
  const { bavail, blocks, bsize, ffree, files } = statfsSync(nearestFolder(folder));
  const bytes = { left: bavail * bsize, all: blocks * bsize };
  const remedy = `df -h ${folder}; df -i ${folder}: free some space`;
  const findings = [
    scarce(`${Math.floor(bytes.left / MIB)} MiB are free in ${folder}`, bytes, BYTES, remedy),
    // Some file systems create inodes on demand and report 0.
    files === 0
      ? undefined
      : scarce(
          `${ffree} more files can be created in ${folder}`,
          { left: ffree, all: files },
          INODES,
          remedy,
        ),
    isReserveMissing(path)
      ? found.warning(
          'the disk space reserved for revocations is missing',
          `free some space; if there is enough: ${log}`,
        )
      : undefined,
  ].filter((finding) => finding !== undefined);
  if (findings.length > 0) return findings;
  return [found.ok(`${Math.floor(bytes.left / MIB)} MiB are free in ${folder}`)];
}

function scarce(
  summary: string,
  { left, all }: { left: number; all: number },
  limits: { problem: number; warning: number },
  remedy: string,
): Finding | undefined {
  if (left < limits.problem) return found.problem(`only ${summary}`, remedy);
  return left < limits.warning || left < all * LOW_SHARE
    ? found.warning(`only ${summary}`, remedy)
    : undefined;
}

/** A database always has a reserve beside it. */
function isReserveMissing(path: string): boolean {
  const exists = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return exists && !isReserved(reservePath(path));
}

/** Returns the folder, or its nearest existing ancestor. */
function nearestFolder(folder: string): string {
  const exists = lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
  return exists ? folder : nearestFolder(dirname(folder));
}
