/**
 * SessionService: starts programs as the caller's Linux user, and lists, attaches to, signals and ends them.
 */

import { seesAll } from '../../accounts/roles.ts';
import { invalidField } from '../../errors.ts';
import {
  type EndSessionRequest,
  SessionFilter,
  SessionServiceDefinition,
  SessionState,
  type StartSessionRequest,
  type WatchSessionsRequest,
  type WatchSessionsResponse,
} from '../../generated/latchkey/v1/session.ts';
import { LONGEST_GRACE_MS } from '../../grace-period.ts';
import type { Session, SessionChange } from '../../sessions/session.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import type { Viewer } from '../../sessions/visible-sessions.ts';
import { checkFilter } from '../../store/page.ts';
import { matchesText } from '../../store/text-in.ts';
import { checkedDurationMs } from '../../values/duration.ts';
import { rawText } from '../../values/raw-text.ts';
import type { KnownCaller } from '../pipeline/caller.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { watch } from '../pipeline/watch.ts';
import { attachSession, outputEvents } from './attach.ts';
import { endOrPreview, type RevocationDeps } from './end-or-preview.ts';
import { filterWord, sessionMessage, timesEvent } from './to-proto.ts';

export interface SessionDeps {
  readonly sessions: Pick<
    Sessions,
    'start' | 'attach' | 'readOutput' | 'oomKillsOf' | 'list' | 'get' | 'signal' | 'changes' | 'cordons'
  >;
  readonly revocation: RevocationDeps;
}

/** Most sessions that one call may end by id; the longest page of a listing, too. */
const MAX_IDS = 1000;

export function sessionService({ sessions, revocation }: SessionDeps): ServedMethod[] {
  return serve(SessionServiceDefinition, {
    startSession: async (request, { claims }) => {
      const session = await sessions.start({ ...textsOf(request), claims });
      return { session: sessionMessage(session) };
    },
    attachSession: (requests, caller) => attachSession(sessions, requests, caller),
    readOutput: ({ sessionId, offset, follow, times }, caller) => {
      const { claims, signal } = caller;
      const request = { claims, seesAll: seesAll(caller), sessionId, offset, follow, times, signal };
      const reading = sessions.readOutput({ ...request, end: (error) => caller.end(error) });
      return outputEvents(sessions, sessionId, reading, timesEvent);
    },
    listSessions: async ({ filter, orderBy, pageSize, pageToken }, caller) => {
      const query = { ...queryOf(filter), orderBy, pageSize, pageToken };
      const { items, nextPageToken, total } = await sessions.list(viewerOf(caller), query);
      return { sessions: items.map(sessionMessage), nextPageToken, totalSize: total };
    },
    getSession: async ({ sessionId }, caller) => {
      return { session: sessionMessage(await sessions.get(viewerOf(caller), sessionId)) };
    },
    watchSessions: (request, caller) => watchSessions(sessions, request, caller),
    signalSession: async ({ sessionId, signal }, caller) => {
      await sessions.signal(viewerOf(caller), sessionId, signal);
      return {};
    },
    endSession: async (request, caller) => {
      const { grace } = request;
      const graceMs = grace && checkedDurationMs(grace, 'grace', LONGEST_GRACE_MS);
      return endOrPreview(revocation, request, { ...selectionOf(request), graceMs }, caller);
    },
    disconnectSession: async ({ sessionId, ...how }, caller) => {
      return { disconnected: await sessions.cordons.disconnect(caller, sessionId, how) };
    },
    cordonSession: async ({ sessionId, ...how }, caller) => {
      const { session, disconnected } = await sessions.cordons.cordon(caller, sessionId, how);
      return { session: sessionMessage(session), disconnected };
    },
    uncordonSession: async ({ sessionId, ...how }, caller) => {
      return { session: sessionMessage(await sessions.cordons.uncordon(caller, sessionId, how)) };
    },
  });
}

/** Returns the request with its bytes as raw text. */
function textsOf({ command, environment, directory, ...rest }: StartSessionRequest) {
  const variables = Object.entries(environment).map(([name, value]) => [name, rawText(value)]);
  return {
    ...rest,
    command: command.map(rawText),
    environment: Object.fromEntries(variables) as Record<string, string>,
    directory: rawText(directory),
  };
}

/** Returns the sessions that the request selects. Throws INVALID_ARGUMENT. */
function selectionOf({ selection }: EndSessionRequest) {
  if (selection === undefined) throw invalidField('selection', 'set either sessions or login');
  if (selection.$case === 'login') {
    if (selection.value === '') throw invalidField('login', 'must not be empty');
    return { sessionsOf: selection.value };
  }
  const { ids } = selection.value;
  if (ids.length === 0 || ids.length > MAX_IDS)
    throw invalidField('sessions.ids', `must be 1 to ${MAX_IDS} ids`);
  return { sessionIds: ids };
}

type Query = Parameters<Sessions['list']>[1];

function viewerOf(caller: KnownCaller): Viewer {
  return { login: caller.claims.sub, seesAll: seesAll(caller) };
}

function queryOf(
  { login, state, text, cordoned }: SessionFilter = SessionFilter.create(),
): Omit<Query, 'pageSize'> {
  const wanted = filterWord(SessionState, state, 'filter.state');
  return { login, text, cordoned, ...(wanted !== undefined && { state: wanted }) };
}

async function* watchSessions(
  sessions: SessionDeps['sessions'],
  { filter, changesOnly }: WatchSessionsRequest,
  caller: KnownCaller,
): AsyncGenerator<WatchSessionsResponse> {
  const viewer = viewerOf(caller);
  const query = queryOf(filter);
  checkFilter(query);
  const present = (session: Session): WatchSessionsResponse => ({
    event: { $case: 'session', value: sessionMessage(session) },
  });
  const removed = (id: string): WatchSessionsResponse => ({ event: { $case: 'removedId', value: id } });
  yield* watch<Session, SessionChange, WatchSessionsResponse>({
    changes: sessions.changes,
    changesOnly,
    signal: caller.signal,
    page: (pageSize, pageToken) => sessions.list(viewer, { ...query, pageSize, pageToken }),
    present,
    done: { event: { $case: 'snapshotDone', value: {} } },
    changed: ({ kind, session, loginBefore, cordonBefore }) => {
      const isWatched = (each: Session): boolean =>
        (viewer.seesAll || each.login === viewer.login) && matchesFilter(filter, each);
      // A session that was given to another login, or uncordoned, leaves the lists that it was on.
      const { login, cordon } = session;
      const before = { ...session, login: loginBefore ?? login, cordon: cordonBefore ?? cordon };
      if (!isWatched(session)) return isWatched(before) ? removed(session.id) : undefined;
      // A session that leaves the watched state leaves the watcher's list.
      const hasLeft = query.state !== undefined && query.state !== session.state;
      return kind === 'removed' || hasLeft ? removed(session.id) : present(session);
    },
  });
}

/** Applies the store's filter to one session, except for the state. */
function matchesFilter(filter: SessionFilter | undefined, session: Session): boolean {
  const { login, text, cordoned } = filter ?? SessionFilter.create();
  if (login !== '' && login !== session.login) return false;
  if (cordoned && session.cordon === undefined) return false;
  const command = session.command.join(' ');
  const cordonWord = session.cordon && 'cordoned';
  return matchesText(text, [session.id, session.login, session.linuxUser, command, cordonWord]);
}
