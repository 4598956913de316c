/** From nothing to a link that serves, and back. */

import { existsSync } from 'node:fs';
import { AppError, isAppError } from '../errors.ts';
import { keepDescriptors, setDumpable } from '../native/process.ts';
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

const [PATIENCE_MS, DETACHED_PATIENCE_MS] = [10_000, 7000];

/**
 * Serves until the link departs. The account is checked when the daemon is another user's.
 * Throws UNREACHABLE without a daemon, NOT_ELIGIBLE, or what the daemon answers.
 */
export async function serve(
  words: LinkOptions,
  argv: readonly string[],
  registrar: Registrar,
): Promise<void> {
  const account = ownAccount();
  setDumpable(false);
  keepDescriptors();
  const umask = process.umask(0o077);
  process.on('SIGXFSZ', () => {}); // EFBIG is handled instead
  await using opened = new AsyncDisposableStack();
  const run = opened.use(openRunFolder(words.run));
  const server = readServer(run, words.run);
  if (run.uid !== account.uid) {
    checkNotRaised(account, run.uid, process.env);
    checkAccount(account);
    await checkAccountPhase(account.name, argv);
  }
  const links = opened.use(openFolderWithin(run, 'links'));
  const place = new SessionsDir(account, server.serverId);
  const stored = opened.use(
    new StoredToken(words, account, server, (socket) => existsSync(links.path(socket))),
  );

  const socket = new LinkSocket(links, run.uid, (socket) => void link.welcome(socket));
  const { serverId } = server;
  const { uid, name: linuxUser } = account;
  const facts = { serverId, uid, linuxUser, socket: socket.name, daemon: words.daemon };
  const identity = new Identity(facts, () => readServerFile(run), Date.now);
  const isReady = Promise.withResolvers<LinkToken>();
  let keep: (token: LinkToken) => void = isReady.resolve;
  const onToken = (token: LinkToken): void => keep(token);
  const isOwnChild = (pid: number): boolean => pid === registrar.pid;
  const link = opened.use(new Link({ account, identity, place, umask, isOwnChild, onToken, now: Date.now }));
  opened.use(socket);
  await socket.open();
  leaveOnSignal(link, words.daemon);

  const request = {
    socket: socket.name,
    daemon: words.daemon,
    sessionId: process.env[SESSION_ID_NAME] ?? '',
  };
  const patience = words.daemon ? DETACHED_PATIENCE_MS : PATIENCE_MS;
  const registered = registrar.register(request, patience);
  // A signal while registering ends it, too.
  const isGone = link.departed.then(() => undefined);
  const settled = Promise.race([registered, isGone]);
  if ((await (words.report === undefined ? announce.while(settled) : settled)) === undefined) return;
  const token = await isReady.promise;
  keep = (renewed) => stored.keep(renewed);
  stored.keep(token);
  if (words.report !== undefined) report(words.report);
  else announce.ready(token.claims, server);
  if (stored.hasReplaced) announce.replaced();
  const why: Departure = await link.departed;
  if (words.report === undefined) announce.departed(why);
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

/** A server of the user's own is named, and never taken by itself: what finds it is the environment. */
function noServer(path: string, cause?: unknown): AppError {
  const own = defaultRunDirs(process.env, process.getuid?.() ?? 0).find(
    (folder) => folder !== path && hasServer(folder),
  );
  const next =
    own === undefined
      ? 'start it (systemctl start latchkey), or name its run folder with --run DIR'
      : `your own server is in another folder; run: latchkey link --run ${own}`;
  return new AppError('UNREACHABLE', `no Latchkey server runs here: nothing in ${path}; ${next}`, { cause });
}

function hasServer(folder: string): boolean {
  try {
    return readLocalServer(folder) !== undefined;
  } catch {
    return false;
  }
}

/** A terminal that closes ends a link in the foreground only. */
function leaveOnSignal(link: Link, isDaemon: boolean): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => link.leave('signalled'));
  process.on('SIGHUP', () => {
    if (!isDaemon) link.leave('signalled');
  });
}
