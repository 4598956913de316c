/** The life of a link process, from start to exit. */

import { existsSync } from 'node:fs';
import { AppError, isAppError } from '../errors.ts';
import { closeAllOnExec, setDumpable } from '../native/process.ts';
import { defaultRunDirs, type LocalServer, readLocalServer, readServerFile } from '../system/local-server.ts';
import { openFolderWithin, openTrustedFolder, type TrustedFolder } from '../system/trusted-folder.ts';
import { checkAccount, checkNotRaised, ownAccount } from './account/account.ts';
import { checkAccountPhase } from './account/account-phase.ts';
import { LinkSocket } from './connection/link-socket.ts';
import { Identity, type LinkToken } from './identity.ts';
import { type Departure, Link } from './link.ts';
import type { LinkOptions } from './options.ts';
import { report } from './processes/detach.ts';
import type { Registrar } from './registration/registrar.ts';
import { StoredToken } from './registration/stored-token.ts';
import { SESSION_ID_NAME } from './session/environment.ts';
import { SessionsDir } from './session/sessions-dir.ts';
import { announce } from './user-messages.ts';

const TIMEOUT_MS = 10_000;
const DETACHED_TIMEOUT_MS = 7000;

/**
 * Serves until the link departs. The account is checked unless the daemon runs as the same user. Throws
 * UNREACHABLE when no daemon answers, NOT_ELIGIBLE, or the daemon's error.
 */
export async function serve(
  options: LinkOptions,
  argv: readonly string[],
  registrar: Registrar,
): Promise<void> {
  const account = ownAccount();
  setDumpable(false);
  closeAllOnExec();
  const umask = process.umask(0o077);
  process.on('SIGXFSZ', () => {}); // write(2) then fails with EFBIG, which is handled
  await using opened = new AsyncDisposableStack();
  const run = opened.use(openRunFolder(options.run));
  const server = readServer(run, options.run);
  if (run.uid !== account.uid) {
    checkNotRaised(account, run.uid, process.env);
    checkAccount(account);
    await checkAccountPhase(account.name, argv);
  }
  const links = opened.use(openFolderWithin(run, 'links'));
  const sessionsDir = new SessionsDir(account, server.serverId);
  const stored = opened.use(
    new StoredToken(options, account, server, (socket) => existsSync(links.path(socket))),
  );

  const socket = new LinkSocket(links, run.uid, (socket) => void link.welcome(socket));
  const { serverId } = server;
  const { uid, name: linuxUser } = account;
  const facts = { serverId, uid, linuxUser, socket: socket.name, daemon: options.daemon };
  const identity = new Identity(facts, () => readServerFile(run), Date.now);
  const isReady = Promise.withResolvers<LinkToken>();
  let keep: (token: LinkToken) => void = isReady.resolve;
  const onToken = (token: LinkToken): void => keep(token);
  const isOwnChild = (pid: number): boolean => pid === registrar.pid;
  const link = opened.use(
    new Link({ account, identity, sessionsDir, umask, isOwnChild, onToken, now: Date.now }),
  );
  opened.use(socket);
  await socket.open();
  leaveOnSignal(link, options.daemon);

  const request = {
    socket: socket.name,
    daemon: options.daemon,
    sessionId: process.env[SESSION_ID_NAME] ?? '',
  };
  const timeoutMs = options.daemon ? DETACHED_TIMEOUT_MS : TIMEOUT_MS;
  const registered = registrar.register(request, timeoutMs);
  // A signal while registering ends the wait, too.
  const isGone = link.departed.then(() => undefined);
  const settled = Promise.race([registered, isGone]);
  if ((await (options.report === undefined ? announce.while(settled) : settled)) === undefined) return;
  const token = await isReady.promise;
  keep = (renewed) => stored.keep(renewed);
  stored.keep(token);
  if (options.report !== undefined) report(options.report);
  else announce.ready(token.claims, server);
  if (stored.hasReplaced) announce.replaced();
  const why: Departure = await link.departed;
  if (options.report === undefined) announce.departed(why);
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
 * Names a server that the user runs, but never connects to it by itself: the environment, which is not
 * trusted, decides where such a server is found.
 */
function noServer(path: string, cause?: unknown): AppError {
  const own = defaultRunDirs(process.env, process.getuid?.() ?? 0).find(
    (folder) => folder !== path && hasServer(folder),
  );
  const next =
    own === undefined
      ? 'start it (systemctl start latchkey), or name its run folder with --run DIR'
      : `your own server is in another folder; run: latchkey link --run ${own}`;
  return new AppError('UNREACHABLE', `no Latchkey server is running: ${path} has none; ${next}`, { cause });
}

function hasServer(folder: string): boolean {
  try {
    return readLocalServer(folder) !== undefined;
  } catch {
    return false;
  }
}

/** SIGHUP, when a terminal closes, ends only a link in the foreground. */
function leaveOnSignal(link: Link, isDaemon: boolean): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => link.leave('signalled'));
  process.on('SIGHUP', () => {
    if (!isDaemon) link.leave('signalled');
  });
}
