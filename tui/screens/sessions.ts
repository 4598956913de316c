/** The screen of sessions: programs that run, or have ended recently. */
import { sessionsById } from '../../src/client/session-selection.ts';
import { SessionState } from '../../src/generated/latchkey/v1/session.ts';
import { commandText, sessions as noun } from '../../src/nouns/sessions.ts';
import { exitText } from '../../src/terminal/state-words.ts';
import type { OutputEvent, ShowAction } from '../screen.ts';
import { listScreen } from './list-screen.ts';

/** The most common signals (signal(7)). */
const SIGNALS = [
  { name: 'TERM', help: 'terminate' },
  { name: 'INT', help: 'interrupt, as ^C does' },
  { name: 'HUP', help: 'hang up; daemons often reload their configuration' },
  { name: 'QUIT', help: 'quit, with a core dump' },
  { name: 'KILL', help: 'kill at once; cannot be caught' },
  { name: 'STOP', help: 'stop, until CONT; cannot be caught' },
  { name: 'CONT', help: 'continue' },
  { name: 'USR1', help: 'defined by the program' },
  { name: 'USR2', help: 'defined by the program' },
];

/** The server measures CPU time and memory when it lists, at most every two seconds. */
const LIST_AGAIN_MS = 3_000;

export const sessions = listScreen(noun, {
  order: { by: 'started_at', descending: true },
  listAgainMs: LIST_AGAIN_MS,
  target: ({ id, login, command, state }) => ({
    title: `session ${id} of ${login}: ${commandText({ command })}`,
    login,
    can: state === SessionState.ENDED ? ['read'] : ['end', 'signal', 'follow', 'read'],
  }),
  actions: [
    {
      kind: 'end',
      key: 'x',
      verb: 'end',
      consequence: 'The program ends, and all of its descendants with it.',
      maxPerCall: 1,
      act: (client, ids, { validateOnly, ...options }) =>
        client.sessions.endSession({ selection: sessionsById(ids), validateOnly }, options),
    },
    {
      kind: 'send',
      key: 'K',
      verb: 'signal',
      what: 'signal',
      choices: SIGNALS,
      act: (client, sessionId, signal) => client.sessions.signalSession({ sessionId, signal }),
    },
    {
      kind: 'show',
      key: 'f',
      verb: 'follow',
      fromNow: true,
      read,
    },
    {
      kind: 'show',
      key: 'r',
      verb: 'read',
      fromNow: false,
      read,
    },
  ],
});

/** Reads a session's output until the session ends. */
async function* read(
  ...[client, sessionId, how]: Parameters<ShowAction['read']>
): AsyncGenerator<OutputEvent> {
  const { offset, signal } = how;
  await client.sessions.getSession({ sessionId }, { signal });
  yield { kind: 'opened' };
  for await (const { event } of client.sessions.readOutput({ sessionId, offset, follow: true }, { signal })) {
    if (event?.$case === 'output')
      yield { kind: 'printed', offset: event.value.offset, data: event.value.data };
    if (event?.$case === 'exited') return yield { kind: 'ended', how: exitText(event.value) };
  }
}
