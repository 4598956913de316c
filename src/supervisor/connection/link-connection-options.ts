import type { Knowledge } from './check-is-known.ts';

/** Moves the keeper of a held session to its cgroup. Rejects when that fails. */
export type Confine = (sessionId: string, keeper: number) => Promise<void>;

export interface LinkConnectionOptions {
  /** Set when sessions get cgroups of their own. */
  readonly confine: Confine | undefined;
  /** Abilities of the link, which one of an earlier version lacks. */
  readonly knows: Knowledge;
}
