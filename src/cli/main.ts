/**
 * The command line. Prints results on standard output (tables for people, JSON for programs), everything else
 * on standard error, and exits with a documented status. Never prints a stack trace, never writes foreign
 * text to a terminal raw (except for the output of the caller's own sessions), and accepts no secret as an
 * argument. It reaches the server only through src/client.
 */
import { CommanderError } from 'commander';
import { DONE, FAILED, USAGE } from '../exit-status.ts';
import { inertJson } from '../inert.ts';
import { flushed, type Io, processIo } from '../terminal/io.ts';
import { Output } from '../terminal/output.ts';
import { watchOutput } from './broken-pipe.ts';
import { orStatus } from './commands/status.ts';
import { explain } from './failure.ts';
import { globalsOf } from './globals.ts';
import { failureJson } from './output/json-failure.ts';
import { buildProgram } from './program.ts';
import { type Act, Run } from './run.ts';

/**
 * Runs a command line, without the program's name. Resolves with the exit status once everything is printed,
 * or cannot be; never rejects.
 */
export async function runCli(argv: readonly string[], io: Io = processIo()): Promise<number> {
  using output = watchOutput(io);
  let status = DONE;
  let failure = FAILED;
  let json = wantsJson(argv);
  const act: Act = (work) =>
    async function action(...given: unknown[]) {
      await using run = new Run(io, globalsOf(this));
      json = run.out.json;
      const options = Object(given.at(-2));
      status = (await output.untilBroken(run, work(run, options, this.args))) ?? DONE;
      failure = run.failure;
    };
  try {
    const program = buildProgram(act, io);
    await program.parseAsync(orStatus(program, argv), { from: 'user' });
  } catch (error) {
    status = report(error, io, json);
  }
  const broken = await output.settle();
  if (broken === undefined) return status;
  if ('status' in broken) return broken.status;
  printProblem(io, broken.text);
  await flushed(io.stderr);
  return failure;
}

/** True when an invalid command line asks for results as JSON. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

/** Reports a failure, unless commander has only printed help or the version. */
function report(error: unknown, io: Io, json: boolean): number {
  if (error instanceof CommanderError && SHOWN.has(error.code)) return error.exitCode === 0 ? DONE : USAGE;
  const { text, status } = explain(error);
  if (json) io.stderr.write(`${inertJson(failureJson(error))}\n`);
  else printProblem(io, text);
  return status;
}

function printProblem(io: Io, problem: string): void {
  new Output(io, { json: false, color: false, quiet: false }).problem(problem);
}

const SHOWN: ReadonlySet<string> = new Set([
  'commander.help',
  'commander.helpDisplayed',
  'commander.version',
]);
