/**
 * The doctor checks a server and its host as an administrator would: it reports for each item whether it is
 * in order, and how to fix it if not. It uses the rules of other rooms, and has none of its own. It never
 * changes anything (except a copy of the database that it checks), never shows a secret, logs nobody in, and
 * always ends: each query of a program or over the network has a time limit.
 *
 * Each check is one file that returns findings; this file runs them.
 */
import { watchOutput } from '../cli/broken-pipe.ts';
import { parseOptions } from '../entry/parse-options.ts';
import { DOCTOR } from '../entry/roles/doctor.ts';
import { isAppError } from '../errors.ts';
import { DONE, exitStatus, FAILED, USAGE } from '../exit-status.ts';
import { setDumpable } from '../native/process.ts';
import { ownUid } from '../system/owned-path.ts';
import { type Io, processIo } from '../terminal/io.ts';
import { Output } from '../terminal/output.ts';
import { examine } from './examine.ts';
import type { Finding } from './finding.ts';
import { lines } from './report.ts';

/** Resolves with the exit status. */
export async function runDoctor(argv: string[], io: Io = processIo()): Promise<number> {
  using watched = watchOutput(io);
  let status: number;
  try {
    status = await run(argv, io);
  } catch (error) {
    if (!isAppError(error, 'USAGE')) throw error;
    new Output(io, { json: false, color: false, quiet: false }).problem(error.message);
    status = USAGE;
  }
  const broken = await watched.settle();
  if (broken === undefined) return status;
  return 'status' in broken ? broken.status : FAILED;
}

async function run(argv: string[], io: Io): Promise<number> {
  const { json = false, 'no-color': plain = false, ...flags } = parseOptions(DOCTOR, argv).values;
  process.umask(0o077);
  setDumpable(false);
  const out = new Output(io, { json, color: !plain, quiet: false });
  const findings = await examine(flags, io.env, ownUid(), io.now);
  if (json) out.document({ findings });
  else for (const line of lines(findings, out.paint)) out.text(`${line}\n`);
  return statusOf(findings);
}

function statusOf(findings: readonly Finding[]): number {
  const problems = findings.filter(({ status }) => status === 'problem');
  if (problems.some(({ check }) => check === 'configuration')) return exitStatus('CONFIG_INVALID');
  return problems.length > 0 ? FAILED : DONE;
}
