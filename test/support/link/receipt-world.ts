/** Receipts of a server, and the truth about those whom they are about, as root sees it. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { expect } from 'vitest';
import { StartSessionRequest, StartSessionResponse } from '../../../src/generated/latchkey/v1/session.ts';
import { bytesOf } from '../../../src/values/raw-text.ts';
import { type Account, alice, bob, dora, mallory, type Run, root, runAs, service } from '../account.ts';
import type { OpenCaller } from '../clients/open-caller.ts';
import { install, RUN_FOLDER } from '../host/installed.ts';
import { processesOf } from '../host/truth.ts';
import { node } from '../program.ts';
import type { Receipt } from '../server/caller.ts';
import { type DaemonOptions, TestDaemon } from '../server/daemon.ts';
import { Rpc } from '../server/rpc.ts';
import type { Lie } from './lying-link.ts';

const LIAR = '/mnt/lying-link.mjs';
export const PEOPLE = [alice, mallory, bob, dora];

export let daemon: TestDaemon;
/** Number of receipts that were compared with the truth. */
export let compared = 0;
let lastSleep = 600_000;

export async function serve(options: DaemonOptions = {}): Promise<void> {
  daemon = await TestDaemon.start({ as: service, run: RUN_FOLDER, ...options });
}

/** A person's link, and the programs of their sessions by session id. */
export interface Running {
  readonly account: Account;
  /** Pid of the link's process. */
  readonly link: number;
  /** The command lines of the sessions' programs. */
  readonly programs: ReadonlyMap<string, string>;
}

/** Starts a link, real or lying, and sessions through it. */
export async function begin(
  account: Account,
  { lie, sessions = 1 }: { lie?: Lie; sessions?: number } = {},
): Promise<Running> {
  const run = lie === undefined ? await daemon.link(account) : await lyingLink(account, lie);
  const token = lie === undefined ? daemon.storedToken(account) : run.stdout.split('\n')[0];
  const programs = new Map<string, string>();
  using rpc = new Rpc(daemon.serverFile);
  for (let count = 0; count < sessions; count += 1) {
    const command = `sleep ${lastSleep++}`;
    programs.set(await startSession(rpc, command, token), command);
    // A link that hangs up takes the next start once the server has connected to it again.
    if (lie === 'changed keeper' || lie === 'same keeper')
      await run.printed(new RegExp(`(resumed\\n){${count + 1}}`));
  }
  return { account, link: run.child.pid ?? 0, programs };
}

/** Starts a program without the command line, which takes longer to start; resolves with the session's id. */
async function startSession(rpc: Rpc, command: string, token?: string): Promise<string> {
  const words = command.split(' ').map(bytesOf);
  const request = StartSessionRequest.encode(StartSessionRequest.fromPartial({ command: words })).finish();
  const path = '/latchkey.v1.SessionService/StartSession';
  const { code, message, response } = await rpc.unary(path, request, token);
  expect({ code, message }).toEqual({ code: 0, message: '' });
  return StartSessionResponse.decode(response ?? Buffer.alloc(0)).session?.id ?? '';
}

const liars: Run[] = [];

async function lyingLink(account: Account, lie: Lie): Promise<Run> {
  const run = runAs(account, [node(), LIAR, daemon.runFolder, lie]);
  liars.push(run);
  await run.printed(/^registered$/m);
  return run;
}

export interface Ended {
  readonly receipt: Receipt;
  /** Exit status of the command line, if that has asked. */
  readonly status?: number | null;
}

/** Runs a command of root that ends something. */
export async function end(...argv: string[]): Promise<Ended & { readonly status: number | null }> {
  const [verb = '', ...rest] = argv;
  const { status, stdout, stderr } = await daemon.cli(root, [verb, '--json', '--local-admin', ...rest]);
  if (!stdout.startsWith('{')) throw new Error(`no receipt of ${argv.join(' ')}: ${status} ${stderr}`);
  return { status, receipt: (JSON.parse(stdout) as { receipt: Receipt }).receipt };
}

/** Compares a receipt with the truth about somebody; returns what is not true of it. */
export function untruths(
  { receipt, status }: Ended,
  { account, link, programs }: Running,
  most = Infinity,
): string[] {
  compared += 1;
  const wrong: string[] = [];
  if (receipt.processes > most)
    wrong.push(`${receipt.processes} of ${most} processes are said to have ended`);
  const theirs = processesOf(account);
  const named = [...receipt.survivors, ...receipt.stillRunning];
  for (const [id, command] of programs) {
    if (!theirs.some((one) => isProgram(one.command, command))) continue;
    if (receipt.sessions.includes(id)) wrong.push(`${command} runs, and its session is said to have ended`);
    if (!named.some(({ sessionId }) => sessionId === id)) wrong.push(`${command} runs, and is not named`);
  }
  if (theirs.some(({ pid }) => pid === link)) {
    const socket = socketOf.get(link) ?? '';
    if (receipt.links.includes(socket)) wrong.push(`link ${link} runs, and is said to have ended`);
    const pids = [
      ...receipt.survivors.map(({ pid }) => pid),
      ...receipt.stillRunning.flatMap(({ pids }) => pids),
    ];
    if (!pids.includes(link)) wrong.push(`link ${link} runs, and is not named`);
  }
  const foreign = receipt.survivors.filter(({ pid }) => pid === 1);
  for (const { linuxUser } of foreign) if (linuxUser !== 'root') wrong.push('process 1 is said to be theirs');
  const own = new Set(theirs.map(({ pid }) => pid));
  for (const { pid, seen } of receipt.survivors)
    if (seen && existsSync(`/proc/${pid}`) && !own.has(pid))
      wrong.push(`${pid}, not theirs, is said to be seen`);
  if (status !== undefined && receipt.survivors.length > 0 !== (status === 1))
    wrong.push(`exit status ${status}`);
  return wrong;
}

/**
 * True for the process of a program, which a link starts by its path; its keeper has it among its arguments.
 */
function isProgram(shown: string, command: string): boolean {
  return shown.replace(/^\/\S*\//, '') === command;
}

/** Sockets of links by pid. */
const socketOf = new Map<number, string>();

export async function learnSockets(administrator: OpenCaller): Promise<void> {
  for (const { pid, socket } of await administrator.links()) socketOf.set(pid, socket);
}

/** Sends a signal to a process that may have ended. */
export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

/** Ends everything that people run. */
export function killAll(): void {
  for (const { pid } of PEOPLE.flatMap((account) => processesOf(account))) kill(pid);
}

/** Lets a process of an account open no more descriptors. */
export function exhaust(pid: number, { uid }: Account): void {
  const open = new Set(readdirSync(`/proc/${pid}/fd`).map(Number));
  let free = 0;
  while (open.has(free)) free += 1;
  execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${free}:${free}`], { uid, gid: uid });
}

/** Hides the processes of others from everybody but root, until it is disposed of. */
export function hideProcesses(): Disposable {
  const remount = (value: number): void =>
    void execFileSync('mount', ['-o', `remount,hidepid=${value}`, '/proc']);
  remount(2);
  return { [Symbol.dispose]: () => remount(0) };
}

/** Installs the program, and the link that lies. */
export function prepare(): void {
  install();
  buildSync({
    entryPoints: [join(import.meta.dirname, './lying-link.ts')],
    outfile: LIAR,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
}

/** Ends everything that a test has left. */
export async function cleanUp(): Promise<void> {
  killAll();
  await daemon?.[Symbol.asyncDispose]();
}

/** Starts a session and logs its owner out again, so that nobody looks after it. */
export async function beginWithoutLink(account: Account): Promise<Running> {
  const running = await begin(account);
  const { receipt } = await end('tokens', 'revoke', '--login', account.name);
  expect(receipt).toMatchObject({ keptSessions: [...running.programs.keys()] });
  await expect.poll(() => processesOf(account).some(({ pid }) => pid === running.link)).toBe(false);
  return running;
}

export const sleepsOf = (account: Account): string[] =>
  processesOf(account).flatMap(({ command }) => /^\/usr\/bin\/(sleep 60\d{4})$/.exec(command)?.[1] ?? []);
