/** What a check has found: a line for people, a row for programs. */
import { type AppError, isAppError } from '../errors.ts';

export type Check =
  | 'configuration'
  | 'daemon'
  | 'links'
  | 'folders'
  | 'files'
  | 'certificates'
  | 'database'
  | 'disk'
  | 'sshd'
  | 'sudo'
  | 'cgroups'
  | 'users'
  | 'pam'
  | 'clock';

export type Status = 'ok' | 'warning' | 'problem' | 'skipped';

/** `--json` shows just these members. */
export interface Finding {
  readonly check: Check;
  readonly status: Status;
  readonly summary: string;
  /** A command, a key of the configuration, or a sentence; null where there is nothing to do. */
  readonly remedy: string | null;
}

/** The findings of one check. */
export class Findings {
  readonly #check: Check;

  constructor(check: Check) {
    this.#check = check;
  }

  ok(summary: string): Finding {
    return this.#found('ok', summary);
  }

  /** Works, but not as it should. */
  warning(summary: string, remedy: string): Finding {
    return this.#found('warning', summary, remedy);
  }

  problem(summary: string, remedy: string): Finding {
    return this.#found('problem', summary, remedy);
  }

  /** `remedy`: how to have it checked. */
  skipped(summary: string, remedy?: string): Finding {
    return this.#found('skipped', summary, remedy);
  }

  /** What the daemon itself would refuse, in its words; `remedy` where they say none. Throws what is no refusal. */
  refused(error: unknown, remedy: string): Finding {
    const [summary, theirs] = parts(refusalOf(error).message);
    return this.#found('problem', summary, theirs ?? remedy);
  }

  #found(status: Status, summary: string, remedy?: string): Finding {
    return { check: this.#check, status, summary, remedy: remedy ?? null };
  }
}

function refusalOf(error: unknown): AppError {
  if (isAppError(error)) return error;
  throw error;
}

/** Refusals of rooms below end with the sentence that helps: "… has mode 0644; wanted 0600. Run: chmod 0600 …". */
function parts(message: string): [summary: string, remedy: string | undefined] {
  const [, ran, command] = /^(.*)\. Run: (.+)$/s.exec(message) ?? [];
  if (ran !== undefined) return [ran, command];
  const [, said, advice] = /^(.+?)\. ([A-Z].*)$/s.exec(message) ?? [];
  return said === undefined ? [message, undefined] : [said, advice];
}
