/** A picture of what goes on, in the words of the API. */
import type { ActivitySnapshot } from '../../activity/activity.ts';
import type { WatchActivityResponse } from '../../generated/latchkey/v1/system.ts';

export function activityMessage(picture: ActivitySnapshot): WatchActivityResponse {
  const { tokens, logins, links, sessions, server } = picture;
  const { links: _, top, ...sums } = picture.linksUse;
  return {
    at: new Date(picture.atMs),
    tokens,
    logins,
    links,
    sessions,
    minutes: picture.minutes.map(({ startMs, ...counts }) => ({ start: new Date(startMs), ...counts })),
    refusals: picture.refusals.map(({ lastMs, firstMs, ...sum }) => ({
      lastAt: new Date(lastMs),
      firstAt: new Date(firstMs),
      ...sum,
    })),
    serverUse: {
      pid: server.pid,
      cpuShare: server.cpuShare,
      memoryBytes: server.memoryBytes,
      since: new Date(server.sinceMs),
    },
    linksUse: { ...sums, top: [...top] },
  };
}
