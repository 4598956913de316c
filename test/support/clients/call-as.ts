/** Calls a served API as another account of this host, which needs root. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServedApi } from '../server/served-api.ts';
import { callHeaders } from './raw-call.ts';

const SCRIPT = `
  const { port, ca, headers } = JSON.parse(process.env.CALL);
  const session = require('node:http2').connect('https://localhost:' + port, { ca });
  const stream = session.request(headers);
  stream.end(Buffer.alloc(5));
  const read = (got) => {
    if (got['grpc-status'] !== undefined) console.log(got['grpc-status']);
  };
  stream.on('response', read).on('trailers', read).on('close', () => session.close()).resume();
`;

/** Makes one call with an empty request from a process of `uid`; resolves with its gRPC status. */
export async function callAs(uid: number, api: ServedApi, method: string, token?: string): Promise<number> {
  const headers = callHeaders(method, token === undefined ? {} : { authorization: `Bearer ${token}` });
  const env = { CALL: JSON.stringify({ port: api.port, ca: api.pki.caPem, headers }) };
  const child = spawn(process.execPath, ['-e', SCRIPT], { uid, cwd: '/', env });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  await once(child, 'close');
  return Number(printed.trim() || Number.NaN);
}
