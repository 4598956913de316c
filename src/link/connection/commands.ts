/** The commands that a daemon can send to a link: one handler for each kind of frame. */
import { AppError } from '../../errors.ts';
import type { Ended } from '../../generated/latchkey/link/v1/link.ts';
import type { Body, Case, ValueOf } from '../../link-protocol/protocol.ts';
import type { Identity } from '../identity.ts';
import type { IdleSessions } from '../idle/idle-sessions.ts';
import type { Readers } from '../output/readers.ts';
import type { Session } from '../session/session.ts';
import type { Sessions } from '../session/sessions.ts';
import type { Channel } from './channel.ts';

/** The content of a Stop frame. */
export interface StopOptions {
  /** Wait until the last session has ended. */
  readonly retire: boolean;
  readonly endSessions: boolean;
  readonly graceMs: number;
}

/** The parts that commands work on. */
export interface CommandContext {
  readonly sessions: Sessions;
  readonly identity: Identity;
  readonly channel: Channel;
  readonly readers: Readers;
  /** Nonce of this connection's Hello. */
  readonly nonce: Buffer;
  readonly idle: Pick<IdleSessions, 'rules'>;
  readonly isRetiring: () => boolean;
  readonly renewed: () => void;
  readonly stop: (options: StopOptions) => Promise<Ended[]>;
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
    if (isRetiring()) throw new AppError('LINK_LOST', 'this link is stopping and starts no more programs');
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
  hold: ({ reader, hold }, { readers }) => {
    readers.hold(reader, hold);
    return undefined;
  },
  resize: ({ sessionId, size }, { sessions }) => {
    sessions.get(sessionId).resize(size ?? { columns: 0, rows: 0 });
    return DONE;
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
  idleRules: ({ rules }, { idle }) => {
    idle.rules = rules;
    return undefined;
  },
  renew: (value, { identity, nonce, renewed }) => {
    identity.renew(value, nonce);
    renewed();
    return DONE;
  },
  stop: async ({ retire, endSessions, graceMilliseconds }, { stop }) => {
    return {
      $case: 'stopped',
      value: { ended: await stop({ retire, endSessions, graceMs: graceMilliseconds }) },
    };
  },
  ping: () => DONE,
  // Answers to requests, of which a link sends none.
  done: () => undefined,
  error: () => undefined,
};

function started({ id, state }: Session): Body {
  return { $case: 'started', value: { sessionId: id, pid: state.pid } };
}

/** Carries out one command. Throws INVALID_ARGUMENT for a frame that is not a command. */
export function carryOut(
  body: Body | undefined,
  context: CommandContext,
  request: number,
): Promise<Body | undefined> | Body | undefined {
  const command = body === undefined ? undefined : (COMMANDS[body.$case] as Command<Case> | undefined);
  if (body === undefined || command === undefined)
    throw new AppError('INVALID_ARGUMENT', `"${body?.$case ?? 'an unknown frame'}" is not a command`);
  return command(body.value, context, request);
}
