/** Finds the program before anything is started, so that errors are clear. All paths are raw text. */
import { accessSync, constants, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf, reasonOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';
import { bytesOf } from '../../values/raw-text.ts';

/**
 * Returns the absolute path of the program `name`, looked up as execvp(3) does: in `path` when it has no
 * slash, else relative to `directory`. Throws START_FAILED with the shell's status in
 * `details.exit_status`: 127 when there is none, 126 when it cannot be executed.
 */
export function programPath(name: string, path: string, directory: string): string {
  if (name === '') throw startFailed("the program's name is empty", 127);
  if (name.includes('/')) return runnable(resolve(directory, name), name);
  let forbidden: AppError | undefined;
  for (const folder of path.split(':')) {
    try {
      return runnable(join(resolve(directory, folder), name), name);
    } catch (error) {
      if (error instanceof AppError && error.details.exit_status === '126') forbidden ??= error;
    }
  }
  throw forbidden ?? startFailed(`${name}: no such program in PATH (${path})`, 127);
}

/** Returns `directory`. Throws START_FAILED when a program cannot be started in it. */
export function startDirectory(directory: string): string {
  try {
    if (!statSync(bytesOf(directory)).isDirectory())
      throw startFailed(`${directory} is not a directory`, 126);
    accessSync(bytesOf(directory), constants.X_OK);
    return directory;
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw startFailed(`cannot enter directory ${directory}: ${reasonOf(error)}`, 126);
  }
}

/** Returns the home folder, or / when it cannot be entered, as login(1) does. */
export function homeDirectory(home: string): string {
  try {
    return startDirectory(home);
  } catch {
    return '/';
  }
}

function runnable(path: string, name: string): string {
  try {
    if (!statSync(bytesOf(path)).isFile()) throw startFailed(`${name}: not a program`, 126);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const missing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
    throw missing
      ? startFailed(`${name}: no such program`, 127)
      : startFailed(`${name}: cannot be executed (${reasonOf(error)})`, 126);
  }
  try {
    accessSync(bytesOf(path), constants.X_OK);
    return path;
  } catch {
    throw startFailed(`${name}: permission denied`, 126);
  }
}

function startFailed(message: string, status: 126 | 127): AppError {
  return new AppError('START_FAILED', message, { details: { exit_status: `${status}` } });
}
