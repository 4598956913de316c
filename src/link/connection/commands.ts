/** What the daemon can ask of a link: one entry a frame, each with its answer. */
import { AppError } from '../../errors.ts';
import type { Ended } from '../../generated/latchkey/link/v1/link.ts';
import type { Body, Case, ValueOf } from '../../link-protocol/protocol.ts';
import type { Identity } from '../identity.ts';
import type { Readers } from '../output/readers.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Channel } from './channel.ts';

/** How a link is told to go. */
export interface Leaving {
  /** Not before the last session is over. */
  readonly retire: boolean;
  readonly endSessions: boolean;
  readonly graceMs: number;
}

/** What commands work on. */
export interface CommandContext {
  readonly sessions: Sessions;
  readonly identity: Identity;
  readonly channel: Channel;
  readonly readers: Readers;
  /** This connection's own. */
  readonly nonce: Buffer;
  readonly isRetiring: () => boolean;
  readonly renewed: () => void;
  readonly leave: (leaving: Leaving) => Promise<Ended[]>;
}

type Command<Name extends Case> = (
  value: ValueOf<Name>,
  context: CommandContext,
  request: number,
) => Promise<Body | undefined> | Body | undefined;
type Commands = { readonly [Name in Case]?: Command<Name> };

const DONE: Body = { $case: 'done', value: {} };

const COMMANDS: Commands = {
  start: async (value, { sessions, isRetiring }) => {
    if (isRetiring()) throw new AppError('LINK_LOST', 'this link is leaving and starts nothing');
    if (!value.hold) return started(await sessions.start(value));
    return { $case: 'held', value: { sessionId: value.sessionId, pid: await sessions.held.start(value) } };
  },
  release: async ({ sessionId, run }, { sessions }) => started(await sessions.held.release(sessionId, run)),
  stdin: ({ sessionId, data }, { sessions, channel }, request) => {
    sessions.get(sessionId).write(data, (error) => {
      const credit = { reader: 0, sessionId, bytes: data.length };
      if (error === undefined) channel.send(request, { $case: 'credit', value: credit });
      else channel.fail(request, error);
    });
    return undefined;
  },
  closeStdin: ({ sessionId }, { sessions }) => {
    sessions.get(sessionId).closeInput();
    return DONE;
  },
  signal: async ({ sessionId, signal }, { sessions }) => {
    await sessions.get(sessionId).signal(signal);
    return DONE;
  },
  end: async ({ sessionId, graceMilliseconds }, { sessions }) => {
    return { $case: 'ended', value: await sessions.end(sessionId, graceMilliseconds) };
  },
  read: (value, { sessions, readers }, request) => {
    readers.add(value, request, sessions.source(value.sessionId));
    return undefined;
  },
  stopRead: ({ reader }, { readers }) => {
    readers.stop(reader);
    return undefined;
  },
  credit: ({ reader, bytes }, { readers }) => {
    readers.credit(reader, bytes);
    return undefined;
  },
  list: (_value, { sessions }) => ({ $case: 'sessions', value: { sessions: sessions.states() } }),
  adopt: async ({ sessionIds }, { sessions }) => {
    return { $case: 'sessions', value: { sessions: await sessions.adopt(sessionIds) } };
  },
  forget: ({ sessionIds }, { sessions }) => {
    sessions.forget(sessionIds);
    return DONE;
  },
  renew: (value, { identity, nonce, renewed }) => {
    identity.renew(value, nonce);
    renewed();
    return DONE;
  },
  stop: async ({ retire, endSessions, graceMilliseconds }, { leave }) => {
    return {
      $case: 'stopped',
      value: { ended: await leave({ retire, endSessions, graceMs: graceMilliseconds }) },
    };
  },
  ping: () => DONE,
  // Answers to nothing that a link asks.
  done: () => undefined,
  error: () => undefined,
};

function started({ id, state }: Session): Body {
  return { $case: 'started', value: { sessionId: id, pid: state.pid } };
}

/** Carries out one command. Throws INVALID_ARGUMENT for a frame that is none. */
export function carryOut(
  body: Body | undefined,
  context: CommandContext,
  request: number,
): Promise<Body | undefined> | Body | undefined {
  const command = body === undefined ? undefined : (COMMANDS[body.$case] as Command<Case> | undefined);
  if (body === undefined || command === undefined)
    throw new AppError('INVALID_ARGUMENT', `"${body?.$case ?? 'an unknown frame'}" is no command`);
  return command(body.value, context, request);
}
