/**
 * A person whose link and session, which prints numbered lines, live from before the first kill to the
 * end.
 */
import type { Account, Run } from '../../support/account.ts';
import type { TestDaemon } from '../../support/server/daemon.ts';
import type { Rpc } from '../../support/server/rpc.ts';
import { until } from '../until.ts';
import type { Administrator } from './administrator.ts';
import { claimsOf } from './claims-of.ts';
import { NumberedLines } from './numbered-lines.ts';

export class Printing {
  readonly token: string;
  readonly jti: string;
  readonly socket: string;
  readonly sessionId: string;
  readonly #link: Run;
  readonly #linkPid: number;
  readonly #lines: NumberedLines;

  private constructor(link: Run, linkPid: number, token: string, lines: NumberedLines) {
    const { jti, socket } = claimsOf(token);
    this.token = token;
    this.jti = jti;
    this.socket = socket;
    this.sessionId = lines.id;
    this.#link = link;
    this.#linkPid = linkPid;
    this.#lines = lines;
  }

  /** `administrator` and `rpc` return those of the current daemon. */
  static async begin(
    account: Account,
    daemon: TestDaemon,
    administrator: Administrator,
    rpc: () => Rpc,
  ): Promise<Printing> {
    const link = await daemon.link(account, '--print-token');
    const [token] = await link.printed(/\S+/);
    const { socket } = claimsOf(token);
    const { pid = 0 } = (await administrator.links()).find((one) => one.socket === socket) ?? {};
    return new Printing(link, pid, token, await NumberedLines.start(rpc, token));
  }

  /** The output of its link, and whether it has ended. */
  get linkOutput(): string {
    const { child, stderr } = this.#link;
    return `${this.socket}: ${stderr.trim()} (status ${child.exitCode}, signal ${child.signalCode})`;
  }

  /** Number of lines read so far. Throws when one is lost, duplicated or out of order. */
  get lines(): number {
    return this.#lines.lines;
  }

  /** Checks that the link is the same process, and that another line is printed and read. */
  async check(administrator: Administrator): Promise<void> {
    if (this.#link.child.exitCode !== null) throw new Error('a link has ended');
    const links = await administrator.links();
    if (!links.some(({ pid, socket }) => pid === this.#linkPid && socket === this.socket))
      throw new Error(`link ${this.#linkPid} is lost`);
    const before = this.lines;
    await until('another line', async () => (this.lines > before ? '' : `${before} lines`));
  }

  /** Ends the session and the link; resolves with the number of lines. */
  async end(): Promise<number> {
    const lines = await this.#lines.end();
    this.#link.kill('SIGTERM');
    await this.#link.finished;
    return lines;
  }

  /** Stops reading. */
  stop(): Promise<void> {
    return this.#lines.stop();
  }
}
