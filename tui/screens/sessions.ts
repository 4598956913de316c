/** The screen of sessions: programs that run, or have ended recently. */
import { sessionsById } from '../../src/client/session-selection.ts';
import { type Session, SessionState } from '../../src/generated/latchkey/v1/session.ts';
import { commandText, sessions as noun } from '../../src/nouns/sessions.ts';
import { exitText } from '../../src/terminal/state-words.ts';
import type { OutputEvent, ShowAction } from '../screen.ts';
import { cordon, disconnect, uncordon } from './cordons.ts';
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
const LONGEST_SIGNAL = 20;

/** The server measures CPU time and memory when it lists, at most every two seconds. */
const LIST_AGAIN_MS = 3_000;

export const sessions = listScreen(noun, {
  order: { by: 'started_at', descending: true },
  listAgainMs: LIST_AGAIN_MS,
  target: (session) => ({
    title: `session ${session.id} of ${session.login}: ${commandText(session)}`,
    login: session.login,
    can: possible(session),
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
      asks: { what: 'signal', choices: SIGNALS, longest: LONGEST_SIGNAL, toValue: signalName },
      act: (client, sessionId, signal) => client.sessions.signalSession({ sessionId, signal }),
    },
    disconnect,
    cordon,
    uncordon,
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

/** Returns the verbs of what the server permits in this state. */
function possible({ state, cordon }: Session): readonly string[] {
  const hasEnded = state === SessionState.ENDED;
  if (cordon !== undefined) return hasEnded ? ['uncordon'] : ['end', 'signal', 'uncordon'];
  return hasEnded ? ['read'] : ['end', 'signal', 'disconnect', 'cordon', 'follow', 'read'];
}

/** "sigusr1" is USR1. */
function signalName(text: string): string {
  return text.toUpperCase().replace(/^SIG/, '');
}

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
