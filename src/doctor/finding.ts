/** The result of a check: a line for people, an object for programs. */
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
  | 'logind'
  | 'users'
  | 'pam'
  | 'clock';

export type Status = 'ok' | 'warning' | 'problem' | 'skipped';

/** The members that `--json` prints. */
export interface Finding {
  readonly check: Check;
  readonly status: Status;
  readonly summary: string;
  /** A command, a key of the configuration, or a sentence; null when there is nothing to do. */
  readonly remedy: string | null;
}

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

  /** `remedy` says how to have it checked. */
  skipped(summary: string, remedy?: string): Finding {
    return this.#found('skipped', summary, remedy);
  }

  /**
   * Converts an error of the daemon's own rules; `remedy` is used when the error names none. Throws errors
   * that are not AppErrors.
   */
  failed(error: unknown, remedy: string): Finding {
    const [summary, theirs] = splitRemedy(refusalOf(error).message);
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

/**
 * Splits the message of a rule, which ends with what to do: "… has mode 0644; expected 0600. Run: chmod
 * 0600 …".
 */
function splitRemedy(message: string): [summary: string, remedy: string | undefined] {
  const [, finding, command] = /^(.*)\. Run: (.+)$/s.exec(message) ?? [];
  if (finding !== undefined) return [finding, command];
  const [, what, advice] = /^(.+?)\. ([A-Z].*)$/s.exec(message) ?? [];
  return what === undefined ? [message, undefined] : [what, advice];
}
