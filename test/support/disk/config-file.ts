/** A configuration file of the user that runs the tests, and what is said about it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { type Config, loadConfig } from '../../../src/config/config.ts';
import { isAppError } from '../../../src/errors.ts';
import { ownUid } from '../../../src/system/owned-path.ts';

/**
 * A uid that is neither root's nor this process's, so that the mode is self for everybody who runs the tests.
 */
const SOMEBODY = 4_000_000_000;

/** The folder of the file, with nothing else in it. */
export let folder: string;
export let file: string;

/** Makes a folder for each test of the surrounding suite. */
export function withConfigFile(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'));
    file = join(folder, 'config.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
}

/** Loads `yaml` as the configuration file. */
export function load(yaml: string, env: NodeJS.ProcessEnv = {}): Config {
  writeFileSync(file, yaml, { mode: 0o600 });
  return loadConfig({ argv: { config: file }, env, uid: ownUid(), home: '/home/u' });
}

/** Loads a configuration in self mode, without a file. */
export function loadSelf(env: NodeJS.ProcessEnv, run?: string): Config {
  return loadConfig({ argv: { run }, env, uid: SOMEBODY, home: '/home/u' });
}

/** Returns the one-line message of the refusal, with FILE for the path of the file. */
export function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (!isAppError(error, 'CONFIG_INVALID')) throw error;
    expect(error.message).not.toContain('\n');
    return error.message.replaceAll(file, 'FILE');
  }
  throw new Error('it was not refused');
}
