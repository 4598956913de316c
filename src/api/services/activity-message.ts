/** Converts a snapshot of the server's activity to its protobuf message. */
import type { ActivitySnapshot } from '../../activity/activity.ts';
import type { WatchActivityResponse } from '../../generated/latchkey/v1/system.ts';

export function activityMessage(snapshot: ActivitySnapshot): WatchActivityResponse {
  const { tokens, logins, links, sessions, server } = snapshot;
  const { links: _, top, ...sums } = snapshot.linksUse;
  return {
    at: new Date(snapshot.atMs),
    tokens,
    logins,
    links,
    sessions,
    minutes: snapshot.minutes.map(({ startMs, ...counts }) => ({ start: new Date(startMs), ...counts })),
    refusals: snapshot.refusals.map(({ lastMs, firstMs, ...sum }) => ({
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
