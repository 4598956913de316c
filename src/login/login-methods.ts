/** Opens the login methods; a reload enables and disables them. */
import { isSea } from 'node:sea';
import type { EligibleSettings } from '../accounts/eligible.ts';
import type { Authority } from '../authority/authority.ts';
import type { Config } from '../config/config.ts';
import type { Log } from '../log/log.ts';
import type { RefusalLog } from '../log/refusal-log.ts';
import type { Store } from '../store/open.ts';
import type { Links } from '../supervisor/links.ts';
import { Conversations } from './conversation.ts';
import { LinkDaemons } from './ssh/link-daemons.ts';
import { SshLogin } from './ssh/ssh-login.ts';
import { Throttle } from './throttle/throttle.ts';

const INSTALLED = '/usr/bin/latchkey';

export interface LoginMethodsOptions {
  /** Returns the current configuration, which a reload replaces. */
  readonly settings: () => Config;
  readonly store: Store;
  readonly authority: Authority;
  readonly links: Links;
  readonly eligible: () => EligibleSettings;
  readonly refusals: Pick<RefusalLog, 'add' | 'addEach'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

export async function openLoginMethods(options: LoginMethodsOptions): Promise<Conversations> {
  const { settings, store, authority, links, eligible, refusals, now, log } = options;
  const runFolder = settings().paths.run;
  const linkDaemons = new LinkDaemons({ links, program: ownProgram(), runFolder });
  const ssh = new SshLogin({ settings: () => settings().login, eligible, linkDaemons });
  const throttle = await Throttle.open({ store, wallMs: now, log });
  return new Conversations({ methods: [ssh], authority, throttle, refusals });
}

/** Path of this program, or of the installed one in a run from the sources, which other users cannot run. */
function ownProgram(): string {
  return isSea() ? process.execPath : INSTALLED;
}
