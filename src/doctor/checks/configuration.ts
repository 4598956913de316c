/** The configuration, read as the daemon reads it, and as whom the daemon runs. */
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

/** Whom everything else is about. */
export interface Subject {
  /** Of the daemon. */
  readonly account: Account;
  readonly config: Config;
}

const found = new Findings('configuration');

/**
 * Finds out as whom the daemon runs: who this is, unless it is root's doctor and the daemon somebody else's.
 * Without a subject the findings say why there is none. Throws UNAVAILABLE.
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
  return { findings: [found.refused(failure, 'latchkey config check')] };
}

/** As whom the daemon may run, the likelier first. */
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
