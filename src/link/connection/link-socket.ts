/**
 * The link's socket in the daemon's folder of links. Connections from any uid but the daemon's are closed
 * at once, before anything is sent (SO_PEERCRED).
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { codeOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { peerCredentials } from '../../native/peer-credentials.ts';
import type { TrustedFolder } from '../../system/trusted-folder.ts';

const MAX_CONNECTIONS = 16;
/** Readable and writable by the owner and the folder's group, which is the daemon's. */
const SOCKET_MODE = 0o660;

export class LinkSocket implements AsyncDisposable {
  /** Base name of the socket, random for each link. */
  readonly name: string;
  readonly #folder: TrustedFolder;
  readonly #server: Server;

  /** Calls `onConnection` with each connection from `daemonUid`. */
  constructor(folder: TrustedFolder, daemonUid: number, onConnection: (socket: Socket) => void) {
    this.name = `${process.geteuid?.()}.${randomBytes(16).toString('hex')}.sock`;
    this.#folder = folder;
    this.#server = createServer({ allowHalfOpen: false }, (socket) => {
      if (isOf(daemonUid, socket)) onConnection(socket);
      else socket.destroy();
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  /**
   * Creates the socket below the folder's descriptor: its path stays short, and the folder cannot be
   * replaced.
   */
  async open(): Promise<void> {
    const path = this.#folder.path(this.name);
    this.#server.listen(path);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw notCreated(error);
    }
    chmodSync(path, SOCKET_MODE);
  }

  /** Accepts no more connections and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}

function notCreated(cause: unknown): unknown {
  const code = codeOf(cause);
  if (code === undefined) return cause;
  const message =
    code === 'ENOSPC'
      ? 'the folder of link sockets is full; ask the administrator to run: systemctl restart latchkey'
      : `no socket can be created in the server's folder of links (${code}): only the users that the server is ` +
        'for can start links';
  return new AppError('UNAVAILABLE', message, { cause });
}

function isOf(uid: number, socket: Socket): boolean {
  try {
    return peerCredentials(socket).uid === uid;
  } catch {
    return false;
  }
}
