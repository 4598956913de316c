/** Recognizes the text with which a host admits nobody: nologin(5), which sshd or pam_nologin(8) show. */
import { readFileSync } from 'node:fs';

/** The files in the order of pam_nologin(8); sshd itself reads the second (sshd(8), "FILES"). */
const FILES = ['/run/nologin', '/etc/nologin'];

/**
 * Returns the text of nologin(5) in one line when its lines are among those of `said`, which came from the
 * host after the last answer; undefined otherwise. Any other text says something about one account, and may
 * come with a wrong password.
 */
export function nologinText(said: string, files: readonly string[] = FILES): string | undefined {
  if (said === '') return undefined;
  const lines = linesOf(said);
  const found = files.flatMap((path) => contentOf(path) ?? []).find((text) => isPart(linesOf(text), lines));
  if (found === undefined) return undefined;
  return linesOf(found).join(' ') || 'it is closed for logins (nologin)';
}

/** Returns true when `part` is a run of consecutive lines in `lines`; when empty, when both are. */
function isPart(part: readonly string[], lines: readonly string[]): boolean {
  if (part.length === 0) return lines.length === 0;
  return `\n${lines.join('\n')}\n`.includes(`\n${part.join('\n')}\n`);
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no such file, or not for the server to read
  }
}
