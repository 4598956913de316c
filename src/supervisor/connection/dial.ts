/** Connecting to a link's socket, and asking the kernel who listens before a single byte is sent (DESIGN 7.2). */
import { createConnection, type Socket } from 'node:net';
import { AppError, isAppError } from '../../errors.ts';
import { peerCredentials } from '../../native/peer-credentials.ts';
import { isForwarder, type ListeningProcess, processOf } from '../lifecycle/listening-process.ts';
import { FrameReader } from './frame-reader.ts';

const NOBODY = 65534;

/** Nobody takes the connection. */
export class Unreachable extends AppError {
  /** Whether nobody listens there any more, rather than being slow or out of room. */
  readonly gone: boolean;

  constructor(why: string, gone: boolean, cause?: unknown) {
    super('LINK_LOST', `the link cannot be reached: ${why}`, { cause });
    this.gone = gone;
  }
}

/** A connection that nothing was sent on or read from. */
export interface Line {
  readonly socket: Socket;
  /** What is read from it, once the socket is resumed. */
  readonly incoming: FrameReader;
}

/** A connection to a socket on which `process` of the expected uid listens. */
export interface Dialled extends Line {
  /** undefined when the process that began to listen has since ended, though somebody accepts. */
  readonly process: ListeningProcess | undefined;
}

/**
 * Connects to `path` and checks that `uid` listens there (SO_PEERCRED, unix(7)).
 * Throws Unreachable when nobody accepts, and LINK_REFUSED when somebody else listens.
 */
export async function dial(path: string, uid: number, deadlineMs: number): Promise<Dialled> {
  const line = await connect(path, deadlineMs);
  const { socket } = line;
  try {
    const peer = peerCredentials(socket);
    if (peer.pid <= 0) throw refused('its listener is outside of what this host can see');
    if (peer.uid === NOBODY || peer.uid !== uid) throw refused(`its listener is not uid ${uid}`);
    if (await isForwarder(peer.pid)) throw refused('its listener is sshd, on behalf of somebody elsewhere');
    return { ...line, process: await processOf(peer.pid, uid) };
  } catch (error) {
    socket.destroy();
    // A peer that has gone again leaves nobody to ask about.
    throw isAppError(error) ? error : new Unreachable('it hung up', false, error);
  }
}

function connect(path: string, deadlineMs: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const incoming = new FrameReader();
    const socket = createConnection({ path, onread: incoming.onread });
    const timer = setTimeout(() => fail(new Unreachable('it does not accept', false)), deadlineMs);
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
      socket.removeAllListeners('error').on('error', () => {}); // 'close' follows and says it all
      socket.pause();
      resolve({ socket, incoming });
    });
  });
}

function refused(why: string): AppError {
  return new AppError('LINK_REFUSED', `the socket is not a link of the caller's account: ${why}`);
}
