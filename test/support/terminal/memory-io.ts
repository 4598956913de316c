/** Standard streams in memory. */
import { Readable, Writable } from 'node:stream';
import { runCli } from '../../../src/cli/main.ts';
import type { Io } from '../../../src/terminal/io.ts';
import { Output } from '../../../src/terminal/output.ts';

export interface Captured {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Memory extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 80;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** Runs a command line on streams in memory. */
export async function capture(
  argv: readonly string[],
  given: {
    readonly env?: Io['env'];
    readonly input?: string;
    readonly terminal?: boolean;
    readonly nowMs?: number;
  } = {},
): Promise<Captured> {
  const stdout = new Memory(given.terminal === true);
  const stderr = new Memory(given.terminal === true);
  const stdin = Readable.from(given.input === undefined ? [] : [Buffer.from(given.input)]);
  const now = (): number => given.nowMs ?? Date.now();
  const status = await runCli(argv, { stdin, stdout, stderr, env: given.env ?? {}, now });
  return { status, stdout: stdout.text, stderr: stderr.text };
}

/** Returns an Output on streams in memory. */
export function memoryOutput(
  given: { json?: boolean; terminal?: boolean; color?: boolean; quiet?: boolean; nowMs?: number } = {},
) {
  const stdout = new Memory(given.terminal === true);
  const stderr = new Memory(false);
  const now = (): number => given.nowMs ?? Date.now();
  const io: Io = { stdin: Readable.from([]), stdout, stderr, env: {}, now };
  const { json = false, color = false, quiet = false } = given;
  const out = new Output(io, { json, color, quiet });
  return { out, io, stdout, stderr };
}
