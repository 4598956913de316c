/**
 * The configuration room promises one validated, typed object made from environment, file and
 * defaults, in this order of precedence. It refuses unknown keys rather than ignoring them, names
 * file, key and remedy in one line (CONFIG_INVALID), and never shows a secret.
 */
import { resolve } from 'node:path';
import { invalid } from './config-error.ts';
import { crossCheck } from './cross-checks.ts';
import { defaultConfigFile, modeOf, pathsOf } from './paths/paths.ts';
import type { Config } from './settings/config-type.ts';
import { SETTINGS, type SettingName } from './settings/settings.ts';
import { readConfigFile } from './sources/config-file.ts';
import type { Entry } from './sources/entry.ts';
import { readEnvironment } from './sources/environment.ts';
import { resolveSettings } from './sources/resolve-settings.ts';

export type { Config, RoleMembers } from './settings/config-type.ts';
export type { ListenAddress } from './settings/setting-types.ts';

/** The sources that `loadConfig` reads. */
export interface ConfigInput {
  /** Flags of the command line: `--config FILE`, `--run DIR`. */
  readonly argv: { readonly config?: string | undefined; readonly run?: string | undefined };
  readonly env: NodeJS.ProcessEnv;
  /** Decides the mode, and who may own the file. */
  readonly uid: number;
  readonly home: string;
}

/**
 * Reads and checks the configuration. Throws CONFIG_INVALID with one line for the first problem; a
 * value that another source overrides is checked, too.
 */
export function loadConfig({ argv, env, uid, home }: ConfigInput): Config {
  const mode = modeOf(uid);
  const path =
    argv.config === undefined
      ? defaultConfigFile({ mode, env, home })
      : absolutePath(argv.config, '--config');
  const file = readConfigFile(path, uid);
  if (file === undefined && argv.config !== undefined) {
    throw invalid(`${path}: there is no such file. Create it, or omit --config to use the defaults`);
  }
  const given = [file, readEnvironment(env), readFlags(argv)];
  const { values, entries } = resolveSettings(SETTINGS, { mode, env, home }, given);
  const paths = pathsOf(mode, values.paths.state, values.paths.run);
  const store = { url: within(paths.state, values.store.url) };
  const config = { ...values, mode, file: file && path, paths, store, entries };
  crossCheck(config, uid);
  return config;
}

function readFlags({ run }: ConfigInput['argv']): Map<SettingName, Entry> {
  if (run === undefined) return new Map();
  return new Map([['paths.run', { raw: absolutePath(run, '--run'), source: 'flag', where: '--run' }]]);
}

/** Throws CONFIG_INVALID for a relative path in a working directory that has been removed. */
function absolutePath(path: string, flag: string): string {
  try {
    return resolve(path);
  } catch (cause) {
    throw invalid(`${flag} ${path}: the working directory has been removed. Name an absolute path`, cause);
  }
}

/** `sqlite:` and an absolute path. */
function within(state: string, url: string): string {
  return `sqlite:${resolve(state, url.slice('sqlite:'.length))}`;
}
