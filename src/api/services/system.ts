/**
 * SystemService: facts about this server, and for managers its activity. Only callers who see everything get
 * the number of tokens, links and sessions.
 */

import { seesAll } from '../../accounts/roles.ts';
import type { Activity } from '../../activity/activity.ts';
import {
  type GetInfoResponse,
  ServerMode,
  SystemServiceDefinition,
  type WatchActivityResponse,
} from '../../generated/latchkey/v1/system.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import { enumValue } from '../../values/enum-word.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { activityMessage } from './activity-message.ts';

/** Facts that do not change while the server runs. */
export interface ServerInfo {
  readonly serverId: string;
  readonly hostname: string;
  readonly version: string;
  readonly mode: 'system' | 'self';
  readonly startedAt: Date;
}

export type Counts = Pick<GetInfoResponse, 'tokens' | 'links' | 'sessions'>;

const NO_COUNTS: Counts = { tokens: 0, links: 0, sessions: 0 };

export interface SystemDeps {
  readonly info: ServerInfo;
  readonly count: () => Promise<Counts>;
  /** Returns the settings in force, by name. */
  readonly settings: () => Record<string, string>;
  readonly revocation: Pick<Revocation, 'endsSessions'>;
  readonly activity: Pick<Activity, 'watch'>;
}

export function systemService({ info, count, settings, revocation, activity }: SystemDeps): ServedMethod[] {
  return serve(SystemServiceDefinition, {
    getInfo: async (_request, caller) => ({
      ...info,
      mode: enumValue(ServerMode, info.mode),
      nodeVersion: process.versions.node,
      endsSessions: revocation.endsSessions,
      supportsValidateOnly: true,
      settings: caller.role === 'admin' ? settings() : {},
      ...(seesAll(caller) ? await count() : NO_COUNTS),
    }),
    watchActivity: (_request, { signal }) => watchActivity(activity, signal),
  });
}

async function* watchActivity(
  activity: SystemDeps['activity'],
  signal: AbortSignal,
): AsyncGenerator<WatchActivityResponse> {
  for await (const snapshot of activity.watch(signal)) yield activityMessage(snapshot);
}
