/** Starts a program in a session of its own. */
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { AppError, invalidField } from '../../errors.ts';
import type { Start } from '../../generated/latchkey/link/v1/link.ts';
import { whyNotStarted } from '../../system/has-started.ts';
import { rawText } from '../../values/raw-text.ts';
import { checkedTerminalSize } from '../../values/terminal-size.ts';
import type { Account } from '../account/account.ts';
import { closePipes, type KeeperPipes, type Program, startKeeper } from '../keeper/keeper.ts';
import { readGreeting } from '../keeper/keeper-watch.ts';
import { OutputLog } from '../output/output-log.ts';
import { ownCommand } from '../processes/re-exec.ts';
import { copyEndLimit, isCopyEnd } from './copy-end.ts';
import { sessionEnvironment } from './environment.ts';
import type { InheritedSettings } from './inherited-settings.ts';
import { loginShell } from './login-shell.ts';
import { homeDirectory, programPath, startDirectory } from './program-path.ts';
import { Session, type SessionEvents } from './session.ts';
import { bootId, SessionFolder, type SessionRecord } from './session-folder.ts';
import type { SessionsDir } from './sessions-dir.ts';

/** A keeper exits when it cannot start its helpers. */
const EXITED = 'its keeper exited at once: perhaps no more processes are allowed (ulimit -u)';
const STARTING_MS = 10_000;
/** Characters of TERM and SHELL that are recorded. */
const MAX_RECORDED = 256;
const MAX_ARGUMENT_BYTES = 128 * 1024; // execve(2): MAX_ARG_STRLEN

/** The dependencies of a start. */
export interface StartContext {
  readonly account: Account;
  readonly sessionsDir: SessionsDir;
  readonly settings: InheritedSettings;
  readonly events: SessionEvents;
  /** When set, the keeper waits until this resolves. */
  readonly hold?: Hold | undefined;
}

/** Receives the waiting keeper's pid; resolves with true when the program is to be run. */
export type Hold = (keeper: number) => Promise<boolean>;

/** Resolves once the program runs. Throws START_FAILED and INVALID_ARGUMENT, and leaves nothing behind. */
export async function startSession(start: Start, context: StartContext): Promise<Session> {
  const { command, environment, directory } = prepare(start, context);
  const { sessionId: id } = start;
  const words = start.command.map(rawText);
  const terminal = start.terminal && checkedTerminalSize(start.terminal, 'terminal');
  const outputLimit = isCopyEnd(words) ? copyEndLimit(start.outputLimit) : start.outputLimit;
  const record = { id, command: words, bootId: bootId(), createdAt: Date.now(), outputLimit };
  const variables = { term: cut(environment.TERM), shell: cut(environment.SHELL) };
  const files = context.sessionsDir.forNew((parent) =>
    createFiles(parent, { ...record, ...(terminal && { terminal: true, ...variables }) }, start),
  );
  const { folder, log, input } = files;
  try {
    const { hold, settings } = context;
    const held = hold !== undefined;
    const program: Program = { command, environment, directory, input, terminal, settings, held };
    const session = await run(folder, log, program, context);
    if (input === 'open') session.writeFirst(start.firstInput);
    if (start.awaitReader) session.awaitReader();
    return session;
  } catch (cause) {
    log[Symbol.dispose]();
    folder.remove();
    throw startFailed(cause);
  }
}

interface SessionFiles {
  readonly folder: SessionFolder;
  readonly log: OutputLog;
  readonly input: Program['input'];
}

/** Creates the files of a session in its folder below `parent`; leaves nothing behind when it throws. */
function createFiles(parent: string, record: SessionRecord, start: Start): SessionFiles {
  const folder = SessionFolder.create(parent, record);
  let log: OutputLog | undefined;
  try {
    log = OutputLog.create(folder);
    if (start.terminal !== undefined) log.resized(start.terminal);
    const stays = start.input || start.terminal !== undefined;
    return { folder, log, input: stays ? 'open' : openFirstInput(folder, start.firstInput) };
  } catch (cause) {
    log?.[Symbol.dispose]();
    folder.remove();
    throw startFailed(cause);
  }
}

function cut(variable = ''): string {
  return variable.slice(0, MAX_RECORDED);
}

function startFailed(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  return new AppError('START_FAILED', `cannot start the session: ${whyNotStarted(cause)}`, { cause });
}

function prepare(
  start: Start,
  { account, settings }: StartContext,
): Pick<Program, 'command' | 'environment' | 'directory'> {
  if (start.command.length === 0 && start.terminal === undefined) throw invalidField('command', 'empty');
  for (const word of start.command) {
    if (word.includes(0)) throw invalidField('command', 'an argument contains a NUL');
    if (word.length >= MAX_ARGUMENT_BYTES)
      throw invalidField('command', 'an argument is longer than 128 KiB');
  }
  const wanted = rawText(start.directory);
  if (wanted !== '' && !wanted.startsWith('/'))
    throw invalidField('directory', 'must be absolute, or empty for the home directory');
  const variables = Object.entries(start.environment).map(([key, value]) => [key, rawText(value)]);
  const environment = sessionEnvironment(
    account,
    settings.variables(),
    Object.fromEntries(variables),
    start.sessionId,
  );
  const directory = wanted === '' ? homeDirectory(account.home) : startDirectory(wanted);
  const [name, ...rest] = start.command.map(rawText);
  if (name === undefined) return { command: loginShell(account.shell), environment, directory };
  const command = isCopyEnd([name])
    ? ownCommand([name, ...rest])
    : [programPath(name, environment.PATH ?? '', directory), ...rest];
  return { command, environment, directory };
}

/** Passes the input in an unlinked file, so that it is complete even when the link dies. */
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
  { events, sessionsDir, hold }: StartContext,
): Promise<Session> {
  const started = startKeeper(folder, program);
  const { pid, greeting, gate } = started;
  let pipes: KeeperPipes | undefined = started.pipes;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('the keeper does not answer')), STARTING_MS);
  const { pids, watch } = readGreeting(greeting);
  try {
    if (gate !== undefined) await passGate(gate, Promise.race([hold?.(pid), late.promise]));
    const found = await Promise.race([pids, late.promise]);
    if (found === undefined) throw new Error(EXITED);
    pipes = undefined; // the session's
    return new Session({
      folder,
      log,
      pipes: started.pipes,
      pids: found,
      events,
      open: (id) => sessionsDir.open(id),
    });
  } catch (error) {
    watch.close();
    if (pipes !== undefined) closePipes(pipes);
    process.kill(pid, 'SIGKILL'); // not reaped, so not reused, before a later turn
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Makes the keeper continue when `allowed` resolves with true; otherwise it exits. */
async function passGate(gate: number, allowed: Promise<boolean | undefined>): Promise<void> {
  try {
    if (await allowed) writeSync(gate, '\n');
  } finally {
    closeSync(gate);
  }
}
