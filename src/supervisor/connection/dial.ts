/**
 * Connects to a link's socket, and checks with the kernel who listens before any byte is sent (DESIGN
 * 7.2).
 */
import { createConnection, type Socket } from 'node:net';
import { AppError, isAppError } from '../../errors.ts';
import { peerCredentials } from '../../native/peer-credentials.ts';
import { isForwarder, ListeningProcess } from '../lifecycle/listening-process.ts';
import { FrameReader } from './frame-reader.ts';

const NOBODY = 65534;

/** The error when nobody accepts the connection. */
export class Unreachable extends AppError {
  /** True when nobody listens any more; false when the listener is slow or out of connections. */
  readonly gone: boolean;

  constructor(why: string, gone: boolean, cause?: unknown) {
    super('LINK_LOST', `cannot reach the link: ${why}`, { cause });
    this.gone = gone;
  }
}

/** A connection on which nothing has been sent or read. */
export interface SocketWithReader {
  readonly socket: Socket;
  /** Reads frames, once the socket is resumed. */
  readonly incoming: FrameReader;
}

/** A connection to a socket whose listener has the expected uid. */
export interface VerifiedSocket extends SocketWithReader {
  /** The listening process, to be disposed of; undefined when it has ended and another process accepts. */
  readonly process: ListeningProcess | undefined;
}

/**
 * Connects to `path` and checks that `uid` listens there (SO_PEERCRED, unix(7)). Throws Unreachable when
 * nobody accepts the connection, LINK_REFUSED when another uid listens.
 */
export async function dial(path: string, uid: number, deadlineMs: number): Promise<VerifiedSocket> {
  const opened = await connect(path, deadlineMs);
  const { socket } = opened;
  try {
    const peer = peerCredentials(socket);
    if (peer.pid <= 0) throw notALink('its listener is in another pid namespace');
    if (peer.uid === NOBODY || peer.uid !== uid) throw notALink(`its listener is not uid ${uid}`);
    if (await isForwarder(peer.pid))
      throw notALink('its listener is sshd, which forwards it to another host');
    return { ...opened, process: await ListeningProcess.ofPeer(socket, peer) };
  } catch (error) {
    socket.destroy();
    // The peer has closed the connection already, so the kernel has no credentials.
    throw isAppError(error) ? error : new Unreachable('it closed the connection', false, error);
  }
}

function connect(path: string, deadlineMs: number): Promise<SocketWithReader> {
  return new Promise((resolve, reject) => {
    const incoming = new FrameReader();
    const socket = createConnection({ path, onread: incoming.onread });
    const timer = setTimeout(() => fail(new Unreachable('timed out', false)), deadlineMs);
    const fail = (error: AppError): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    socket.once('error', (error: NodeJS.ErrnoException) => {
      fail(new Unreachable(`${error.code}`, error.code === 'ECONNREFUSED' || error.code === 'ENOENT', error));
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error').on('error', () => {}); // 'close' follows
      socket.pause();
      resolve({ socket, incoming });
    });
  });
}

function notALink(why: string): AppError {
  return new AppError('LINK_REFUSED', `the socket does not belong to a link of the caller's account: ${why}`);
}
