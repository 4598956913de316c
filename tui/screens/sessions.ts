/** The screen of sessions: programs that run, or have ended recently. */
import { sessionsById } from '../../src/client/session-selection.ts';
import { SessionState } from '../../src/generated/latchkey/v1/session.ts';
import { commandText, sessions as noun } from '../../src/nouns/sessions.ts';
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

export const sessions = listScreen(noun, {
  order: { by: 'started_at', descending: true },
  target: ({ id, login, command, state }) => ({
    title: `session ${id} of ${login}: ${commandText({ command })}`,
    login,
    can: state === SessionState.ENDED ? ['read'] : ['end', 'signal', 'attach', 'read'],
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
      key: 'a',
      verb: 'attach',
      words: (id) => ['attach', id, '--stdin', '--from-now'],
      changesNothing: false,
    },
    {
      kind: 'show',
      key: 'r',
      verb: 'read',
      words: (id) => ['sessions', 'read', id],
      heading: 'Output so far:',
      changesNothing: true,
    },
  ],
});
