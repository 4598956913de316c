/**
 * Registers the link from a short-lived process of its own: HTTP/2 and TLS are needed once, and
 * would stay in each link's memory for good (3 MB of 15). It is started first of all, so that it
 * is ready by the time the socket is.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AppError, type Details, type Reason } from '../../errors.ts';
import type { RegisterLinkRequest } from '../../generated/latchkey/v1/link.ts';
import { cleanEnvironment, reExecCommand } from '../processes/re-exec.ts';

/** What is to be registered, and for how long to try. */
export interface Order {
  readonly request: RegisterLinkRequest;
  readonly patienceMs: number;
}

/** What came of it. */
export type Outcome =
  | { readonly jti: string }
  | { readonly reason: Reason; readonly message: string; readonly details: Details };

export class Registrar implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;

  constructor(argv: readonly string[], run: string) {
    const [program, words] = reExecCommand(argv, ['--run', run, '--register']);
    const env = cleanEnvironment(process.env);
    this.#child = spawn(program, words, { env, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdin.on('error', () => {});
  }

  /** Of the helper process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Resolves with the token's id once the daemon has made this a link. Throws what the daemon says, or
   * UNREACHABLE.
   */
  async register(request: RegisterLinkRequest, patienceMs: number): Promise<string> {
    const order: Order = { request, patienceMs };
    this.#child.stdin.end(JSON.stringify(order));
    const failed = once(this.#child, 'error').then(([error]) => Promise.reject(error));
    const said = await Promise.race([text(this.#child.stdout), failed]);
    if (said === '') throw new AppError('INTERNAL', 'the link could not register: its helper process ended');
    const outcome: Outcome = JSON.parse(said);
    if ('jti' in outcome) return outcome.jti;
    throw new AppError(outcome.reason, outcome.message, { details: outcome.details });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGTERM');
  }
}
