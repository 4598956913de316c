/**
 * Registers the link from a short-lived helper process: HTTP/2 and TLS are needed only once, and would
 * stay in each link's memory (3 MB of 15). The helper is started first, so that it is ready when the
 * socket is.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AppError, type Details, type Reason } from '../../errors.ts';
import type { RegisterLinkRequest } from '../../generated/latchkey/v1/link.ts';
import { hasStarted } from '../../system/has-started.ts';
import { cleanEnvironment, reExecCommand } from '../processes/re-exec.ts';

/** The request, and how long to retry, in milliseconds. */
export interface RegistrationOrder {
  readonly request: RegisterLinkRequest;
  readonly timeoutMs: number;
}

/** The result: the token's id, or the error. */
export type RegistrationOutcome =
  | { readonly jti: string }
  | { readonly reason: Reason; readonly message: string; readonly details: Details };

export class Registrar implements Disposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #started: Promise<void>;

  constructor(argv: readonly string[], run: string) {
    const [program, words] = reExecCommand(argv, ['--run', run, '--register']);
    const env = cleanEnvironment(process.env);
    this.#child = spawn(program, words, { env, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    this.#started = hasStarted(this.#child).then(() => void this.#child.stdin.on('error', () => {}));
    this.#started.catch(() => {}); // thrown by `register`
  }

  /** Process id of the helper. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Resolves with the token's id once the daemon has accepted this link. Throws the daemon's error,
   * UNREACHABLE, or UNAVAILABLE when the helper could not start.
   */
  async register(request: RegisterLinkRequest, timeoutMs: number): Promise<string> {
    const order: RegistrationOrder = { request, timeoutMs };
    await this.#started;
    this.#child.stdin.end(JSON.stringify(order));
    const answer = await text(this.#child.stdout);
    if (answer === '') throw new AppError('INTERNAL', 'cannot register: the helper process exited');
    const outcome: RegistrationOutcome = JSON.parse(answer);
    if ('jti' in outcome) return outcome.jti;
    throw new AppError(outcome.reason, outcome.message, { details: outcome.details });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGTERM');
  }
}
