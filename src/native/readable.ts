/**
 * Reports that a pipe is readable or has ended, without reading it, so that the bytes can be moved by
 * splice(2). Node has no poll(2); but libuv, given an empty buffer, reports ENOBUFS for a readable
 * descriptor without consuming anything, once for each turn of the event loop.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';

/** The watch's next step: continue, wait for `resume`, or close the descriptor. */
export type Next = 'more' | 'pause' | 'end';

export interface Watch {
  resume(): void;
  /** Stops watching and closes the descriptor. */
  close(): void;
}

/** The part of Node's stream handle that this uses (lib/internal/stream_base_commons.js). */
interface Handle {
  useUserBuffer(buffer: Uint8Array): void;
  onread: () => void;
  readStart(): void;
  readStop(): void;
}

/** Watches `fd`, a pipe, and takes ownership of it. Keeps the process alive only with `ref`. */
export function watchReadable(fd: number, onReadable: () => Next, { ref = false } = {}): Watch {
  const options: SocketConstructorOpts & { manualStart: true } = {
    fd,
    readable: true,
    writable: false,
    manualStart: true,
  };
  const socket = new Socket(options);
  const { _handle: handle } = socket as Socket & { _handle: Handle };
  if (!ref) socket.unref();
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    handle.readStop();
    socket.destroy();
  };
  handle.useUserBuffer(new Uint8Array(0));
  handle.onread = () => {
    if (closed) return;
    const next = onReadable();
    if (next === 'pause' && !closed) handle.readStop();
    if (next === 'end') close();
  };
  handle.readStart();
  return { resume: () => void (closed || handle.readStart()), close };
}
