/** SystemService: what this server is. How much there is on it is for those who see all of it. */
import { type GetInfoResponse, SystemServiceDefinition } from '../generated/latchkey/v1/system.ts';
import { seesAll } from './caller.ts';
import { type ServedMethod, serve } from './methods.ts';

/** What does not change while the server runs. */
export interface ServerInfo {
  readonly serverId: string;
  readonly hostname: string;
  readonly version: string;
  readonly mode: 'system' | 'self';
  readonly startedAt: Date;
}

export type Counts = Pick<GetInfoResponse, 'tokens' | 'links' | 'sessions'>;

const NO_COUNTS: Counts = { tokens: 0, links: 0, sessions: 0 };

export function systemService(info: ServerInfo, count: () => Promise<Counts>): ServedMethod[] {
  return serve(SystemServiceDefinition, {
    getInfo: async (_request, caller) => ({
      ...info,
      nodeVersion: process.versions.node,
      ...(seesAll(caller) ? await count() : NO_COUNTS),
    }),
  });
}
