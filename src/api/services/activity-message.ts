/** Converts a snapshot of the server's activity to its protobuf message. */
import type { ActivitySnapshot } from '../../activity/activity.ts';
import type { RefusalSum } from '../../activity/recent-refusals.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import { type Refusal, RefusalKind, type WatchActivityResponse } from '../../generated/latchkey/v1/system.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import { enumValue } from '../../values/enum-word.ts';

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
    refusals: snapshot.refusals.map(refusalMessage),
    serverUse: {
      pid: server.pid,
      cpuShare: server.cpuShare,
      memoryBytes: server.memoryBytes,
      since: new Date(server.sinceMs),
    },
    linksUse: { ...sums, top: [...top] },
  };
}

const KINDS: Readonly<Record<RefusalSum['message'], RefusalKind>> = {
  'call refused': RefusalKind.CALL,
  'login refused': RefusalKind.LOGIN,
  'connection refused': RefusalKind.CONNECTION,
  'handshake refused': RefusalKind.HANDSHAKE,
};

function refusalMessage({ lastMs, firstMs, message, method, reason, ...sum }: RefusalSum): Refusal {
  const kind = KINDS[message];
  const isLogin = kind === RefusalKind.LOGIN;
  return {
    ...sum,
    lastAt: new Date(lastMs),
    firstAt: new Date(firstMs),
    kind,
    rpc: isLogin ? '' : method,
    authMethod: (isLogin ? enumValue(AuthMethod, method) : undefined) ?? AuthMethod.UNSPECIFIED,
    reason: Object.hasOwn(ErrorReason, reason) ? ErrorReason[reason as keyof typeof ErrorReason] : 0,
  };
}
