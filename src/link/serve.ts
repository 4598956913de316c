/** A link process from start to exit. */

import { existsSync } from 'node:fs';
import { AppError, isAppError } from '../errors.ts';
import { closeAllOnExec, setDumpable } from '../native/process.ts';
import { defaultRunDirs, type LocalServer, readLocalServer, readServerFile } from '../system/local-server.ts';
import { openFolderWithin, openTrustedFolder, type TrustedFolder } from '../system/trusted-folder.ts';
import { type Account, checkAccount, checkNotEscalated, ownAccount } from './account/account.ts';
import { checkAccountPhase } from './account/account-phase.ts';
import { LinkSocket } from './connection/link-socket.ts';
import { Identity, type LinkToken } from './identity.ts';
import { Link } from './link.ts';
import type { LinkOptions } from './options.ts';
import { report } from './processes/detach.ts';
import type { Registrar } from './registration/registrar.ts';
import { StoredToken } from './registration/stored-token.ts';
import { SESSION_ID_NAME } from './session/environment.ts';
import { type InheritedSettings, inheritedSettings } from './session/inherited-settings.ts';
import { SessionsDir } from './session/sessions-dir.ts';
import { announce } from './user-messages.ts';

const TIMEOUT_MS = 10_000;
const DETACHED_TIMEOUT_MS = 7000;

/**
 * Serves until the link exits. The account is checked unless the daemon runs as the same user. Throws
 * UNREACHABLE when no daemon answers, NOT_ELIGIBLE, or the daemon's error.
 */
export async function serve(
  options: LinkOptions,
  argv: readonly string[],
  registrar: Registrar,
): Promise<void> {
  const account = ownAccount();
  const umask = restrictProcess();
  await using opened = new AsyncDisposableStack();
  const run = opened.use(openRunFolder(options.run));
  const server = readServer(run, options.run);
  if (run.uid !== account.uid) await checkEligible(account, run.uid, argv);
  const links = opened.use(openFolderWithin(run, 'links'));
  const hasLink = (socket: string): boolean => existsSync(links.path(socket));
  const stored = opened.use(new StoredToken(options, account, server, hasLink));
  const first = Promise.withResolvers<LinkToken>();
  let onToken: (token: LinkToken) => void = first.resolve;
  const settings = inheritedSettings({ ...options, umask, daemonUid: run.uid });
  const parts = { options, account, settings, run, links, server, registrar };
  const { link, socket } = createLink(parts, (token) => onToken(token));
  opened.use(link);
  opened.use(socket);
  await socket.open();
  exitOnSignal(link, options.daemon);
  if (!(await register(link, socket.name, options, registrar))) {
    // Another link daemon of this account was ready at the same time, and takes the starts (F9).
    if ((await link.exiting) === 'retired' && options.report !== undefined) report(options.report);
    return;
  }
  const token = await first.promise;
  onToken = (renewed) => stored.keep(renewed);
  stored.keep(token);
  if (options.report !== undefined) report(options.report);
  else announce.ready(token.claims, server);
  if (stored.hasReplaced) announce.replaced();
  const reason = await link.exiting;
  if (options.report === undefined) announce.exiting(reason);
}

/** Protects this process from others of its user, and returns the umask for programs. */
function restrictProcess(): number {
  setDumpable(false);
  closeAllOnExec();
  process.on('SIGXFSZ', () => {}); // write(2) then fails with EFBIG, which is handled
  return process.umask(0o077);
}

/** Throws NOT_ELIGIBLE unless the account may have a link of the daemon of `daemonUid`. */
async function checkEligible(account: Account, daemonUid: number, argv: readonly string[]): Promise<void> {
  checkNotEscalated(account, daemonUid, process.env);
  checkAccount(account);
  await checkAccountPhase(account.name, argv);
}

interface LinkParts {
  readonly options: LinkOptions;
  readonly account: Account;
  readonly settings: InheritedSettings;
  readonly run: TrustedFolder;
  readonly links: TrustedFolder;
  readonly server: LocalServer;
  readonly registrar: Registrar;
}

/** Creates the link and its socket, which is not open yet. */
function createLink(
  { options, account, settings, run, links, server, registrar }: LinkParts,
  onToken: (token: LinkToken) => void,
): { readonly link: Link; readonly socket: LinkSocket } {
  const socket = new LinkSocket(links, run.uid, (connection) => void link.accept(connection));
  const { serverId } = server;
  const { uid, name: linuxUser } = account;
  const facts = { serverId, uid, linuxUser, socket: socket.name, daemon: options.daemon };
  const link = new Link({
    account,
    settings,
    onToken,
    identity: new Identity(facts, () => readServerFile(run), Date.now),
    sessionsDir: new SessionsDir(account, serverId),
    isOwnChild: (pid) => pid === registrar.pid,
    now: Date.now,
  });
  return { link, socket };
}

/** Registers the link with the daemon. Resolves with false when a signal makes the link exit first. */
async function register(
  link: Link,
  socket: string,
  options: LinkOptions,
  registrar: Registrar,
): Promise<boolean> {
  const request = { socket, daemon: options.daemon, sessionId: process.env[SESSION_ID_NAME] ?? '' };
  const timeoutMs = options.daemon ? DETACHED_TIMEOUT_MS : TIMEOUT_MS;
  const registered = registrar.register(request, timeoutMs).then(() => true);
  const outcome = Promise.race([registered, link.exiting.then(() => false)]);
  return options.report === undefined ? announce.while(outcome) : outcome;
}

function openRunFolder(path: string): TrustedFolder {
  try {
    return openTrustedFolder(path);
  } catch (error) {
    if (isAppError(error, 'NOT_FOUND')) throw noServer(path, error);
    throw error;
  }
}

function readServer(run: TrustedFolder, path: string): LocalServer {
  const server = readServerFile(run);
  if (server === undefined) throw noServer(path);
  return server;
}

/**
 * Suggests a server that the user runs, but never connects to it unasked: it is found through the
 * environment, which is not trusted.
 */
function noServer(path: string, cause?: unknown): AppError {
  const own = defaultRunDirs(process.env, process.getuid?.() ?? 0).find(
    (folder) => folder !== path && hasServer(folder),
  );
  const next =
    own === undefined
      ? 'start it (systemctl start latchkey), or name its run directory with --run DIR'
      : `your own server has another run directory; run: latchkey link --run ${own}`;
  return new AppError('UNREACHABLE', `no Latchkey server is running: ${path} has none; ${next}`, { cause });
}

function hasServer(folder: string): boolean {
  try {
    return readLocalServer(folder) !== undefined;
  } catch {
    return false;
  }
}

/** SIGHUP, sent when a terminal closes, only ends a link in the foreground. */
function exitOnSignal(link: Link, isDaemon: boolean): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => link.exit('signalled'));
  process.on('SIGHUP', () => {
    if (!isDaemon) link.exit('signalled');
  });
}
