/** Checks the configuration, read as the daemon reads it, with the rights of the daemon's user. */
import { lstatSync } from 'node:fs';
import { userByName } from '../../accounts/user-database.ts';
import { type Config, loadConfig } from '../../config/config.ts';
import { SYSTEM_USER } from '../../config/paths/paths.ts';
import { Secret } from '../../config/settings/secret.ts';
import { isAppError } from '../../errors.ts';
import { homeOf } from '../../system/xdg.ts';
import { type Finding, Findings } from '../finding.ts';
import { type Account, asAccount } from '../identity.ts';
import type { Service } from './service.ts';

export interface Flags {
  readonly config?: string | undefined;
  readonly run?: string | undefined;
}

/** The server that the other checks examine. */
export interface Subject {
  /** The user that the daemon runs as. */
  readonly account: Account;
  readonly config: Config;
}

const found = new Findings('configuration');

/**
 * Determines the user that the daemon runs as: the current user, unless it is root and the daemon runs as
 * another one. Without a subject, the findings say why. Throws UNAVAILABLE.
 */
export async function findSubject(
  flags: Flags,
  env: NodeJS.ProcessEnv,
  uid: number,
  service: Service,
): Promise<{ subject?: Subject; findings: Finding[] }> {
  const tries = (await candidates(uid, service)).map((account) => tryAs(account, flags, env));
  const usable = tries.flatMap(({ subject }) => subject ?? []);
  const subject = usable.find(isOwner) ?? usable[0];
  if (subject !== undefined) return { subject, findings: [found.ok(summary(subject))] };
  const failure = tries.find(({ error }) => error !== undefined)?.error;
  return { findings: [found.failed(failure, 'latchkey config check')] };
}

/** Users that the daemon may run as, the likeliest first. */
async function candidates(uid: number, { user }: Service): Promise<Account[]> {
  const own = { name: 'root', uid, gid: process.getegid?.() ?? 0 };
  if (uid !== 0) return [{ ...own, name: 'this user' }];
  const account = await userByName(user ?? SYSTEM_USER);
  if (account === undefined) return [own];
  return user === undefined ? [account, own] : [account];
}

function tryAs(
  account: Account,
  argv: Flags,
  env: NodeJS.ProcessEnv,
): { subject?: Subject; error?: unknown } {
  try {
    const load = (): Config => loadConfig({ argv, env, uid: account.uid, home: homeOf(env) });
    return { subject: { account, config: asAccount(account, load) } };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return { error };
  }
}

function isOwner({ account, config }: Subject): boolean {
  return lstatSync(config.paths.state, { throwIfNoEntry: false })?.uid === account.uid;
}

function summary({ account, config }: Subject): string {
  const file = config.file ?? 'no file, defaults only';
  const inFile = Object.values(config.entries).filter(({ source }) => source === 'file');
  const secret = inFile.some(({ raw }) => raw instanceof Secret)
    ? ', with a secret that only it may read'
    : '';
  return `${file}; ${config.mode} mode, as ${account.name}${secret}`;
}
