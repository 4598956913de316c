/**
 * Deletes refused tokens from the store. While the store cannot write, they stay refused, their dependents
 * are ended nevertheless, once, and each call of `retry` tries the deletion again.
 */
import type { Authority, Refused } from '../authority/authority.ts';
import type { Log } from '../log/log.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Ending } from './dependents.ts';
import type { Part } from './receipt.ts';

export interface DeletionOptions {
  readonly authority: Pick<Authority, 'delete' | 'claimsOf'>;
  /**
   * Ends what depends on deleted tokens; called once for each token. It must not wait for a revocation of
   * one of them, which would wait for it in turn.
   */
  readonly endDependents: (gone: readonly TokenClaims[], ending: Ending) => Promise<Part[]>;
  readonly log: Pick<Log, 'error'>;
}

/** Tokens that were refused together, until they are deleted and their dependents have ended. */
export interface Deletion {
  readonly jtis: readonly string[];
  /** Tokens among them that were active before. */
  readonly active: ReadonlySet<string>;
  readonly ending: Ending;
  /** The end of the dependents, once it has begun. */
  dependents: Promise<Part[]> | undefined;
  /** The current attempt. */
  work: Promise<Part[]> | undefined;
}

export class Deletions {
  readonly #options: DeletionOptions;
  readonly #unfinished = new Map<string, Deletion>();

  constructor(options: DeletionOptions) {
    this.#options = options;
  }

  /** Takes over tokens that have just been refused; nothing is deleted before `finish` or `retry`. */
  begin({ active, pending }: Refused, ending: Ending): void {
    const jtis = [...active, ...pending];
    const begun: Deletion = { jtis, active: new Set(active), ending, dependents: undefined, work: undefined };
    for (const jti of jtis) this.#unfinished.set(jti, begun);
  }

  /** Returns true for a token that was active and whose deletion is in progress or to be retried. */
  isEnding(jti: string): boolean {
    return this.#unfinished.get(jti)?.active.has(jti) === true;
  }

  /** Returns the deletions that these tokens are part of. */
  of(jtis: readonly string[]): Deletion[] {
    return [...new Set(jtis.flatMap((jti) => this.#unfinished.get(jti) ?? []))];
  }

  /**
   * Resolves when the tokens are deleted and their dependents have ended; concurrent calls share one attempt.
   * Throws STORE_UNAVAILABLE, and any error from ending the dependents.
   */
  finish(deletion: Deletion): Promise<Part[]> {
    deletion.work ??= this.#work(deletion).finally(() => {
      deletion.work = undefined;
    });
    return deletion.work;
  }

  /** Retries the deletions that have failed. */
  retry(): Promise<void> {
    return this.#finishAll((deletion) => deletion.work === undefined);
  }

  /** Resolves when each deletion has finished, or has failed again. */
  settled(): Promise<void> {
    return this.#finishAll(() => true);
  }

  async #finishAll(isSelected: (deletion: Deletion) => boolean): Promise<void> {
    const deletions = [...new Set(this.#unfinished.values())].filter(isSelected);
    const outcomes = await Promise.allSettled(deletions.map((deletion) => this.finish(deletion)));
    const failed = outcomes.find(({ status }) => status === 'rejected');
    if (failed?.status !== 'rejected') return;
    const details = { err: failed.reason, tokens: this.#unfinished.size };
    this.#options.log.error(details, 'cannot delete ended tokens yet; they stay refused');
  }

  async #work(deletion: Deletion): Promise<Part[]> {
    const { jtis, active, ending } = deletion;
    const { gone, failure } = await this.#delete(jtis);
    if (gone !== undefined) {
      const ended = gone.filter(({ jti }) => active.has(jti));
      deletion.dependents ??= this.#options.endDependents(ended, ending);
    }
    try {
      const parts = (await deletion.dependents) ?? [];
      if (failure !== undefined) throw failure;
      return parts;
    } finally {
      if (failure === undefined) for (const jti of jtis) this.#unfinished.delete(jti);
    }
  }

  /**
   * Deletes the tokens. Returns their claims, even when the deletion fails; undefined if they are unreadable.
   */
  async #delete(jtis: readonly string[]): Promise<{ gone: TokenClaims[] | undefined; failure?: unknown }> {
    const { authority } = this.#options;
    try {
      return { gone: await authority.delete(jtis) };
    } catch (failure) {
      return { gone: await authority.claimsOf(jtis).catch(() => undefined), failure };
    }
  }
}
