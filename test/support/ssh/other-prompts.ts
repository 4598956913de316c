/** PAM with the prompts of another language or factor, which replace its own in copies of its code. */
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Folder of the copies; an sshd takes its libpam from there with LD_LIBRARY_PATH (ld.so(8)). */
const FOLDER = '/mnt/pam';
export const OTHER_PAM: NodeJS.ProcessEnv = { LD_LIBRARY_PATH: FOLDER };

/** Makes every module ask `prompt`, of at most ten bytes, for a password. */
export function askForPasswordBy(prompt: string): void {
  replaceIn('libpam.so.0', 'Password: ', prompt);
}

/** Returns the path of a pam_oath(8) that asks `prompt`. */
export function pamOathAsking(prompt: string): string {
  return replaceIn('security/pam_oath.so', "One-time password (OATH) for `%s': ", prompt);
}

function replaceIn(library: string, text: string, other: string): string {
  const [path = ''] = globSync(`/{usr/,}lib/{*-linux-gnu/,}${library}`);
  const code = readFileSync(path);
  const at = code.indexOf(`\0${text}\0`) + 1;
  if (at === 0) throw new Error(`${path} has no text "${text}"`);
  if (Buffer.byteLength(other) > text.length) throw new Error(`"${other}" is longer than "${text}"`);
  code.fill(0, at, at + text.length).write(other, at);
  mkdirSync(FOLDER, { recursive: true });
  const copy = join(FOLDER, path.split('/').at(-1) ?? '');
  writeFileSync(copy, code, { mode: 0o755 });
  return copy;
}
