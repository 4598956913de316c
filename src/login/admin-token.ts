/**
 * The token of the host's administrator (A8): a file that only the server's account can read, and that the
 * command line on this host uses automatically. It is replaced at each start, at half its lifetime, and when
 * it is revoked; it is revoked and removed when the server stops.
 */
import { userInfo } from 'node:os';
import type { Authority } from '../authority/authority.ts';
import { removeAdminToken, writeAdminToken } from '../config/paths/run-files.ts';
import type { Log } from '../log/log.ts';
import type { Revocation } from '../revocation/revocation.ts';

const MAX_TIMEOUT_MS = 2 ** 31 - 1;
const RETRY_MS = 5_000;

export interface AdminTokenDeps {
  readonly authority: Pick<Authority, 'list' | 'mint' | 'changes'>;
  readonly revocation: Pick<Revocation, 'revoke'>;
  readonly runFolder: string;
  readonly log: Log;
}

export class AdminToken implements AsyncDisposable {
  readonly #authority: AdminTokenDeps['authority'];
  readonly #revocation: AdminTokenDeps['revocation'];
  readonly #runFolder: string;
  readonly #log: Log;
  #jti: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The replacements so far, one after the other; a stop waits for them. */
  #replacing: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();

  private constructor({ authority, revocation, runFolder, log }: AdminTokenDeps) {
    this.#authority = authority;
    this.#revocation = revocation;
    this.#runFolder = runFolder;
    this.#log = log;
  }

  /** Revokes the token that an earlier run left, and writes a new one. */
  static async open(deps: AdminTokenDeps): Promise<AdminToken> {
    const admin = new AdminToken(deps);
    const leftover = await deps.authority.list({ authMethod: 'local', pageSize: 1000 });
    await deps.revocation.revoke({ jtis: leftover.items.map((claims) => claims.jti) }, 'replaced');
    void admin.#replaceRevoked();
    await admin.#replace();
    return admin;
  }

  async #replaceRevoked(): Promise<void> {
    for await (const change of this.#authority.changes.subscribe(this.#stopping.signal)) {
      if (change.kind !== 'removed' || change.claims.jti !== this.#jti) continue;
      this.#jti = undefined; // already revoked, perhaps by a call made with it
      this.#schedule(0);
    }
  }

  async #replace(): Promise<void> {
    const { token, claims } = await this.#authority.mint({
      login: loginOfThisProcess(),
      authMethod: 'local',
    });
    writeAdminToken(this.#runFolder, token);
    const old = this.#jti;
    this.#jti = claims.jti;
    this.#schedule(((claims.exp - claims.iat) * 1000) / 2);
    if (old !== undefined) await this.#revocation.revoke({ jtis: [old] }, 'replaced');
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopping.signal.aborted) return;
    const replace = (): void => {
      this.#replacing = this.#replacing.then(() => this.#replaceOrRetry());
    };
    this.#timer = setTimeout(replace, Math.min(delayMs, MAX_TIMEOUT_MS)).unref();
  }

  async #replaceOrRetry(): Promise<void> {
    try {
      await this.#replace();
    } catch (error) {
      this.#log.error({ err: error }, "cannot replace the local administrator's token");
      this.#schedule(RETRY_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#replacing;
    removeAdminToken(this.#runFolder);
    if (this.#jti !== undefined) await this.#revocation.revoke({ jtis: [this.#jti] }, 'replaced');
  }
}

function loginOfThisProcess(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`; // a uid without an entry in the user database
  }
}
