/**
 * The configuration room promises one validated, typed object made from environment, file and
 * defaults, in this order of precedence. It refuses what it does not know instead of passing over
 * it, names file, key and remedy in one line (CONFIG_INVALID), and never shows a secret.
 */
import { hostname, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { invalid } from './config-error.ts';
import { crossCheck } from './cross-checks.ts';
import {
  defaultConfigFile,
  defaultRun,
  defaultState,
  modeOf,
  pathsOf,
  type Surroundings,
} from './paths/paths.ts';
import type { Config } from './settings/config-type.ts';
import type { SettingName } from './settings/settings.ts';
import { readConfigFile } from './sources/config-file.ts';
import type { Entry } from './sources/entry.ts';
import { readEnvironment } from './sources/environment.ts';
import { type Resolved, resolveSettings } from './sources/resolve-settings.ts';

export type { Config, RoleMembers } from './settings/config-type.ts';
export type { ListenAddress } from './settings/setting-types.ts';
export type { Source } from './sources/entry.ts';

/** Where `loadConfig` looks. */
export interface ConfigInput {
  /** Flags of the command line: `--config FILE`, `--run DIR`. */
  readonly argv: { readonly config?: string | undefined; readonly run?: string | undefined };
  readonly env: NodeJS.ProcessEnv;
  /** Decides the mode, and who may own the file. */
  readonly uid: number;
  readonly home: string;
}

/**
 * Reads, checks and puts together. Throws CONFIG_INVALID with one line for the first problem; a
 * value that another source overrides is checked all the same.
 */
export function loadConfig({ argv, env, uid, home }: ConfigInput): Config {
  const mode = modeOf(uid);
  const path = argv.config === undefined ? defaultConfigFile({ mode, env, home }) : resolve(argv.config);
  const file = readConfigFile(path, uid);
  if (file === undefined && argv.config !== undefined) {
    throw invalid(`${path}: there is no such file. Make it, or leave --config out for the defaults`);
  }
  const resolved = resolveSettings(mode, [file, readEnvironment(env), readFlags(argv)]);
  const config = assemble(resolved, { mode, env, home }, file && path);
  crossCheck(config, uid);
  return config;
}

/** What one user may take without stopping everybody else: three quarters of the host's, in bytes. */
function mostMemory(): number {
  return Math.floor(totalmem() * 0.75);
}

function readFlags({ run }: ConfigInput['argv']): Map<SettingName, Entry> {
  if (run === undefined) return new Map();
  return new Map([['paths.run', { raw: resolve(run), source: 'flag', where: '--run' }]]);
}

function assemble({ values, entries }: Resolved, around: Surroundings, file: string | undefined): Config {
  const paths = pathsOf(
    around.mode,
    values['paths.state'] ?? defaultState(around),
    values['paths.run'] ?? defaultRun(around),
  );
  return {
    mode: around.mode,
    file,
    server: { id: values['server.id'], hostname: values['server.hostname'] ?? hostname() },
    api: { listen: values['api.listen'] },
    paths,
    store: { url: `sqlite:${resolve(paths.state, values['store.url'].slice('sqlite:'.length))}` },
    tokens: {
      algorithm: values['tokens.algorithm'],
      lifetimeSeconds: values['tokens.lifetime'],
      lifetimes: values['tokens.lifetimes'],
      signingKey: values['tokens.signing_key'],
      secret: values['tokens.secret'],
    },
    login: {
      methods: values['login.methods'],
      ssh: {
        host: values['login.ssh.host'],
        port: values['login.ssh.port'],
        hostKeys: values['login.ssh.host_keys'],
      },
    },
    links: {
      sudo: values['links.sudo'],
      limits: {
        processes: values['links.limits.processes'],
        memoryBytes: values['links.limits.memory'] ?? mostMemory(),
      },
      shutdownOnLogout: values['links.shutdown_on_logout'],
      eligible: { minUid: values['links.eligible.min_uid'], users: values['links.eligible.users'] },
    },
    sessions: {
      onRevoke: values['sessions.on_revoke'],
      outputLimitBytes: values['sessions.output_limit'],
      retentionMs: values['sessions.retention'] * 1000,
    },
    roles: {
      admin: { users: values['roles.admin.users'], groups: values['roles.admin.groups'] },
      manager: { users: values['roles.manager.users'], groups: values['roles.manager.groups'] },
    },
    log: { level: values['log.level'], format: values['log.format'] },
    entries,
  };
}
