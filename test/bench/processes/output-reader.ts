/** A reader that only counts, so that it can read more than it is sent. A child process of output.ts. */
import { once } from 'node:events';
import { connect } from 'node:http2';

/** The stream to read. */
export interface Stream {
  readonly url: string;
  readonly ca: string;
  readonly path: string;
  readonly token: string;
  /** Base64 of the messages to send first, each framed for gRPC. */
  readonly messages: readonly string[];
}

/** The result of reading. */
export interface Read {
  readonly bytes: number;
  readonly seconds: number;
  /** The gRPC status. */
  readonly status: string;
}

const WINDOW_BYTES = 4 * 1024 * 1024;
const PREFIX_BYTES = 5;

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

async function read({ url, ca, path, token, messages }: Stream): Promise<Read> {
  const session = connect(url, {
    ca,
    servername: 'localhost',
    settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
  });
  await once(session, 'connect');
  session.setLocalWindowSize(WINDOW_BYTES);
  const begunMs = performance.now();
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  });
  for (const message of messages) stream.write(framed(Buffer.from(message, 'base64')));
  let bytes = 0;
  let status = '';
  stream.on('data', (data: Buffer) => {
    bytes += data.length;
  });
  stream.on('trailers', (trailers) => {
    status = `${trailers['grpc-status']}`;
  });
  await once(stream, 'end');
  const seconds = (performance.now() - begunMs) / 1000;
  session.close();
  return { bytes, seconds, status };
}

process.on('message', (stream: Stream) => {
  void read(stream).then((answer) => process.send?.(answer));
});
process.on('disconnect', () => process.exit());
process.send?.({});
