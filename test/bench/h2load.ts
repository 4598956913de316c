/** Load from outside, by h2load(1): a client that costs less than what it measures. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PROGRAM = 'h2load';
const CONNECTIONS = 4;
const STREAMS = 8;

export interface Load {
  readonly url: string;
  readonly token: string;
  readonly calls: number;
}

export class H2load {
  readonly #body: string;

  /** `folder` gets the body of the calls: `message` as gRPC frames it. */
  constructor(folder: string, message: Buffer = Buffer.alloc(0)) {
    this.#body = join(folder, 'body');
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    writeFileSync(this.#body, Buffer.concat([prefix, message]));
  }

  /** Makes the calls. What came of them is for the server to count: a refusal is HTTP's 200, too. */
  async load({ url, token, calls }: Load): Promise<void> {
    const numbers = ['-n', `${calls}`, '-c', `${CONNECTIONS}`, '-m', `${STREAMS}`, '-t', '1'];
    const headers = { 'content-type': 'application/grpc', te: 'trailers', authorization: `Bearer ${token}` };
    const given = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const { stdout } = await run(PROGRAM, [...numbers, '-d', this.#body, ...given, url]);
    if (!stdout.includes(`, ${calls} done, ${calls} succeeded, `)) throw new Error(`h2load: ${stdout}`);
  }
}
