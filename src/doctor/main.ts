/**
 * The doctor looks a server and its host over as a sysadmin would, and says of each thing whether it is in
 * order and what to do if not. It goes by the rules of the rooms it asks, has no rule of theirs of its own. It
 * never changes anything (but for a copy of its own that it looks at), never shows a secret, logs nobody in,
 * and ends: each question to a program or over the network has a time limit.
 *
 * A check is one file that answers with findings; this one puts them together.
 */
import { parseArgs } from 'node:util';
import { watchOutput } from '../cli/broken-pipe.ts';
import { DONE, exitStatus, FAILED, USAGE } from '../exit-status.ts';
import { setDumpable } from '../native/process.ts';
import { ownUid } from '../system/owned-path.ts';
import { type Io, processIo } from '../terminal/io.ts';
import { Output } from '../terminal/output.ts';
import { examine } from './examine.ts';
import type { Finding } from './finding.ts';
import { lines } from './report.ts';

const HELP = `Usage: latchkey doctor [--config FILE] [--run DIR] [--json]

Says whether the server and its host are in order, and what to do if not. Run it as root for the server of the
host, or as whoever runs a server of their own. It changes nothing.

  --config FILE  the server's configuration, as for latchkey serve
  --run DIR      the server's run directory, likewise
  --json         the findings as {"findings": [...]}
  --no-color     no colours
  --help         this text

Each finding in JSON:
  check          configuration, daemon, links, folders, files, certificates, database, disk, sshd, users,
                 pam, sudo, cgroups or clock; each may have several findings, and there may be more one day
  status         ok, warning (works, but not as it should), problem, or skipped (not looked at)
  summary        what was found
  remedy         a command, a key of the configuration or a sentence; null if there is nothing to do

Exit status: 0 no problem (there may be warnings), 1 a problem, 2 usage, 78 the configuration cannot be used.
`;

/** Resolves with the exit status. */
export async function runDoctor(argv: string[], io: Io = processIo()): Promise<number> {
  using watched = watchOutput(io);
  let status: number;
  try {
    status = await run(argv, io);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    new Output(io, { json: false, color: false, quiet: false }).problem(error.message);
    status = USAGE;
  }
  const broken = await watched.settle();
  if (broken === undefined) return status;
  return 'status' in broken ? broken.status : FAILED;
}

async function run(argv: string[], io: Io): Promise<number> {
  const { help, json = false, 'no-color': plain = false, ...flags } = readArguments(argv);
  if (help) {
    io.stdout.write(HELP);
    return DONE;
  }
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

class UsageError extends Error {}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        config: { type: 'string' },
        run: { type: 'string' },
        json: { type: 'boolean' },
        'no-color': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    const what = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
    throw new UsageError(`${what}; see latchkey doctor --help`);
  }
}
