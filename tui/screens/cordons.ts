/** Actions that keep people from sessions, which continue: disconnect, cordon, uncordon. */
import { inert } from '../../src/inert.ts';
import { count } from '../../src/terminal/format.ts';
import { type ChangeAction, type Changed, isManager, type Question } from '../screen.ts';

/** Longest message that the server accepts, in characters. */
const LONGEST_MESSAGE = 300;
/** Longest name of a login that can be typed, in characters. */
const LONGEST_LOGIN = 256;

const MESSAGE: Question = {
  what: 'message',
  choices: [],
  hint: 'Type why, in one line: the owner is shown it.',
  longest: LONGEST_MESSAGE,
  toValue: (text) => text,
};

const NEW_OWNER: Question = {
  what: 'login',
  choices: [],
  hint: 'Type the login that it goes to, or press enter to leave it to its owner.',
  longest: LONGEST_LOGIN,
  isOptional: true,
  toValue: (text) => text,
};

export const disconnect: ChangeAction = {
  kind: 'change',
  key: 'd',
  verb: 'disconnect',
  consequence: () =>
    'The session continues. Who is attached to it, or follows its output, is cut, and may attach again.',
  would,
  did: ({ disconnected }) => `Disconnected ${count(disconnected, 'client')}.`,
  act: (client, sessionId, { validateOnly, signal }) =>
    client.sessions.disconnectSession({ sessionId, validateOnly }, optionsOf(signal)),
};

export const cordon: ChangeAction = {
  kind: 'change',
  key: 'c',
  verb: 'cordon',
  isFor: isManager,
  asks: () => MESSAGE,
  consequence: (message) =>
    'The session continues. Nobody, its owner included, can attach to it or read its output until it is ' +
    `uncordoned. The owner is shown: ${inert(message)}`,
  would,
  did: ({ rows, disconnected }) =>
    `Cordoned ${count(rows, 'session')}, and disconnected ${count(disconnected, 'client')}.`,
  act: (client, sessionId, { value: message, validateOnly, signal }) =>
    client.sessions.cordonSession({ sessionId, message, validateOnly }, optionsOf(signal)),
};

export const uncordon: ChangeAction = {
  kind: 'change',
  key: 'C',
  verb: 'uncordon',
  isFor: isManager,
  asks: ({ role }) => (role === 'admin' ? NEW_OWNER : undefined),
  consequence: (login) =>
    login === ''
      ? 'The owner can attach to the session and read its output again.'
      : `The session then belongs to ${inert(login)}, who has power over its Linux user: the program does as ` +
        'that user whatever is typed. What it has printed before stays hidden from a new owner.',
  did: ({ rows }, login) =>
    login === ''
      ? `Uncordoned ${count(rows, 'session')}.`
      : `Gave ${count(rows, 'session')} to ${inert(login)}.`,
  act: async (client, sessionId, { value: login, validateOnly, signal }) => {
    await client.sessions.uncordonSession({ sessionId, login, validateOnly }, optionsOf(signal));
    return { disconnected: 0 };
  },
};

function would({ disconnected }: Changed): string {
  return disconnected === 0
    ? 'Nobody is attached, or follows the output.'
    : `Disconnects ${count(disconnected, 'client')}.`;
}

function optionsOf(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
