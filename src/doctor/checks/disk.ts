/** Whether the store can go on writing. */
import { lstatSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isReserved, reservePath } from '../../store/reserve.ts';
import { type Finding, Findings } from '../finding.ts';
import type { Service } from './service.ts';

const MIB = 1024 ** 2;
/** Below the first a problem, below the second or this part of the whole a warning. */
const BYTES = { problem: 32 * MIB, warning: 256 * MIB };
const INODES = { problem: 100, warning: 1000 };
const PART = 0.05;

const found = new Findings('disk');

/** `path` is the database's. */
export function checkDisk(path: string, { log }: Service): Finding[] {
  const folder = dirname(path);
  const { bavail, blocks, bsize, ffree, files } = statfsSync(nearest(folder));
  const bytes = { left: bavail * bsize, all: blocks * bsize };
  const remedy = `df -h ${folder}; df -i ${folder}: make room`;
  const findings = [
    scarce(`${Math.floor(bytes.left / MIB)} MiB are free in ${folder}`, bytes, BYTES, remedy),
    // Some file systems make them as they are needed, and say 0.
    files === 0
      ? undefined
      : scarce(`${ffree} files can be made in ${folder}`, { left: ffree, all: files }, INODES, remedy),
    isReserveMissing(path)
      ? found.warning('the room kept for revocations is not there', `make room; if there is room: ${log}`)
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
  return left < limits.warning || left < all * PART ? found.warning(`only ${summary}`, remedy) : undefined;
}

/** Where there is a database, there is one, too. */
function isReserveMissing(path: string): boolean {
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere && !isReserved(reservePath(path));
}

/** The folder, or the one above it that is there. */
function nearest(folder: string): string {
  const isThere = lstatSync(folder, { throwIfNoEntry: false }) !== undefined;
  return isThere ? folder : nearest(dirname(folder));
}
