/** Starting a program in a session of its own. */
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { AppError } from '../../errors.ts';
import type { Start } from '../../generated/latchkey/link/v1/link.ts';
import type { Account } from '../account/account.ts';
import { OutputLog } from '../output/output-log.ts';
import { sessionEnvironment } from './environment.ts';
import { closePipes, type Program, startKeeper } from './keeper.ts';
import { readGreeting, watchKeeper } from './keeper-watch.ts';
import { homeDirectory, programPath, startDirectory } from './program-path.ts';
import { Session, type SessionEvents } from './session.ts';
import { bootId, SessionFolder } from './session-folder.ts';
import type { SessionsDir } from './sessions-dir.ts';

const STARTING_MS = 10_000;
const MAX_ARGUMENT_BYTES = 128 * 1024; // execve(2): MAX_ARG_STRLEN

/** What a start stands on. */
export interface StartContext {
  readonly account: Account;
  readonly place: SessionsDir;
  /** What programs get; the link's own is 077. */
  readonly umask: number;
  readonly events: SessionEvents;
  /** When given, the keeper waits until this says whether it may go on. */
  readonly hold?: Hold | undefined;
}

/** Is told who waits; resolves with whether the program is to be run. */
export type Hold = (keeper: number) => Promise<boolean>;

/** Resolves once the program is being run. Throws START_FAILED and INVALID_ARGUMENT; nothing is left then. */
export async function startSession(start: Start, context: StartContext): Promise<Session> {
  const { command, environment, directory } = prepare(start, context.account);
  const { sessionId: id, outputLimit } = start;
  const record = { id, command: start.command, bootId: bootId(), createdAt: Date.now(), outputLimit };
  const folder = SessionFolder.create(context.place.folder, record);
  let log: OutputLog | undefined;
  try {
    log = OutputLog.create(folder);
    const input = start.input ? 'open' : openFirstInput(folder, start.firstInput);
    const held = context.hold !== undefined;
    const program: Program = { command, environment, directory, input, umask: context.umask, held };
    const session = await run(folder, log, program, context);
    if (start.input) session.writeFirst(start.firstInput);
    if (start.awaitReader) session.awaitReader();
    return session;
  } catch (cause) {
    log?.[Symbol.dispose]();
    folder.remove();
    if (cause instanceof AppError) throw cause;
    const why = cause instanceof Error ? cause.message : 'for no known reason';
    throw new AppError('START_FAILED', `the session cannot be started: ${why}`, { cause });
  }
}

function prepare(start: Start, account: Account): Pick<Program, 'command' | 'environment' | 'directory'> {
  const [name, ...rest] = start.command;
  if (name === undefined) throw new AppError('INVALID_ARGUMENT', 'command: at least the program is needed');
  for (const word of start.command) {
    if (word.includes('\0')) throw new AppError('INVALID_ARGUMENT', 'command: a NUL cannot be passed on');
    if (Buffer.byteLength(word) >= MAX_ARGUMENT_BYTES)
      throw new AppError('INVALID_ARGUMENT', 'command: an argument is longer than 128 KiB');
  }
  if (start.directory !== '' && !start.directory.startsWith('/'))
    throw new AppError('INVALID_ARGUMENT', 'directory: an absolute path, or empty for the home directory');
  const environment = sessionEnvironment(account, start.environment, start.sessionId);
  const directory = start.directory === '' ? homeDirectory(account.home) : startDirectory(start.directory);
  const path = programPath(name, environment.PATH ?? '', directory);
  return { command: [path, ...rest], environment, directory };
}

/** A file without a name holds the input, so that the link's death cuts none of it off. */
function openFirstInput(folder: SessionFolder, firstInput: Buffer): number {
  if (firstInput.length === 0) return openSync('/dev/null', 'r');
  const path = folder.file('input');
  writeFileSync(path, firstInput, { mode: 0o600, flag: 'wx' });
  const fd = openSync(path, 'r');
  rmSync(path);
  return fd;
}

async function run(
  folder: SessionFolder,
  log: OutputLog,
  program: Program,
  { events, place, hold }: StartContext,
): Promise<Session> {
  const { pid, pipes, greeting, gate } = startKeeper(folder, program);
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('its keeper does not answer')), STARTING_MS);
  const { pids, watch } = readGreeting(greeting);
  try {
    if (gate !== undefined) await passGate(gate, Promise.race([hold?.(pid), late.promise]));
    const found = await Promise.race([pids, late.promise]);
    if (found === undefined) throw new Error('its keeper ended at once');
    const session = new Session({ folder, log, pipes, pids: found, events, open: (id) => place.open(id) });
    if (pipes.life !== undefined) watchKeeper(pipes.life, () => session.programOver());
    return session;
  } catch (error) {
    watch.close();
    closePipes(pipes);
    process.kill(pid, 'SIGKILL'); // ours until it is reaped, and that is done in a later turn
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Lets the keeper go on once `allowed` says so; else it ends. */
async function passGate(gate: number, allowed: Promise<boolean | undefined>): Promise<void> {
  try {
    if (await allowed) writeSync(gate, '\n');
  } finally {
    closeSync(gate);
  }
}
