/** The noun `sessions`: programs that run, or have ended recently. */
import {
  type Cordon,
  type Idle,
  IdleAction,
  type Session,
  type SessionFilter,
  SessionState,
} from '../generated/latchkey/v1/session.ts';
import { shellWords } from '../system/shell-words.ts';
import { count, duration, size } from '../terminal/format.ts';
import {
  integer,
  integerOrNull,
  type Members,
  objectOrNull,
  string,
  stringOrNull,
  strings,
  timeOrNull,
} from '../terminal/json.ts';
import { sessionState, sessionWord } from '../terminal/state-words.ts';
import { enumWord } from '../values/enum-word.ts';
import { rawText } from '../values/raw-text.ts';
import { terminalSizeText } from '../values/terminal-size.ts';
import { changesOf, type PrintedNoun, type Selection } from './noun.ts';

export const CORDON: Members<Cordon> = {
  message: string("the manager's message to the owner", ({ message }) => message),
  by: string('login of the manager', ({ by }) => by),
  cordonedAt: timeOrNull('time when it was cordoned', ({ cordonedAt }) => cordonedAt),
};

export const IDLE: Members<Idle> = {
  action: string('what happens to it unless it is used: warn, disconnect, end or unknown', idleAction),
  since: timeOrNull('time since when it has been idle', ({ since }) => since),
  actsAt: timeOrNull('time when that happens', ({ actsAt }) => actsAt),
};

export const sessions: PrintedNoun<Session> = {
  one: 'session',
  many: 'sessions',
  id: ({ id }) => id,
  hint: (session) => `${session.login}: ${commandText(session)}`,
  columns: [
    { title: 'SESSION', order: 'id', value: ({ id }) => id },
    { title: 'LOGIN', order: 'login', shrinks: true, value: ({ login }) => login },
    {
      title: 'USER',
      order: 'linux_user',
      shrinks: true,
      optional: true,
      value: ({ linuxUser }) => linuxUser,
    },
    { title: 'STATE', order: 'state', shrinks: true, value: sessionState },
    { title: 'STARTED', order: 'started_at', value: ({ startedAt }) => startedAt },
    { title: 'CPU', spare: true, value: cpuText },
    { title: 'MEMORY', spare: true, value: memoryText },
    { title: 'COMMAND', order: 'command', shrinks: true, value: commandText },
  ],
  fields: ({ login, linuxUser, jti, socket, ...session }) => [
    { name: 'session', value: session.id },
    { name: 'login', value: login, reference: { to: 'logins', login, everyone: true } },
    { name: 'Linux user', value: linuxUser, reference: { to: 'links', linuxUser } },
    { name: 'command', value: commandText(session) },
    { name: 'directory', value: rawText(session.directory) },
    { name: 'state', value: sessionState(session) },
    { name: 'killed', value: killed(session) },
    { name: 'cordoned', value: session.cordon?.cordonedAt },
    { name: 'cordoned by', value: session.cordon?.by },
    { name: 'message', value: session.cordon?.message },
    { name: 'idle since', value: session.idle?.since },
    { name: 'idle rule', value: session.idle && idleAction(session.idle) },
    { name: 'rule applies', value: session.idle?.actsAt },
    { name: 'started by', value: session.startedBy },
    { name: 'readable', value: readable(session) },
    { name: 'started', value: session.startedAt },
    { name: 'ended', value: session.endedAt },
    { name: 'CPU time', value: cpuText(session) },
    { name: 'memory', value: memoryText(session) },
    { name: 'attached', value: String(session.attached) },
    { name: 'terminal', value: terminalSize(session) },
    { name: 'token', value: jti, reference: { to: 'tokens', text: jti } },
    { name: 'link', value: socket, reference: { to: 'links', linuxUser, text: socket } },
  ],
  members: {
    id: string('id', ({ id }) => id),
    login: string('login that owns it', ({ login }) => login),
    linuxUser: string('Linux user that its program runs as', ({ linuxUser }) => linuxUser),
    command: strings(
      'program and arguments, empty for a login shell; a byte that is not UTF-8 is a lone surrogate, U+DC80 to U+DCFF',
      ({ command }) => command.map(rawText),
    ),
    directory: stringOrNull('working directory; null for the home directory', ({ directory }) =>
      rawText(directory),
    ),
    state: string('starting, running, ended or unknown', sessionWord),
    startedAt: timeOrNull('time of the request to start it', ({ startedAt }) => startedAt),
    endedAt: timeOrNull('time when it ended', ({ endedAt }) => endedAt),
    exitStatus: integerOrNull(
      'exit status, 128 + n for signal n; null while it runs, and when it is unknown',
      ({ exitStatus }) => exitStatus,
    ),
    oomKills: integerOrNull(
      'number of its processes that the kernel killed because memory had run out; null while it runs, and when ' +
        'that is unknown',
      ({ oomKills }) => oomKills,
    ),
    cpuMilliseconds: integerOrNull(
      'CPU time that its processes have used, in milliseconds; null when it does not run or was not measured',
      ({ cpuMilliseconds }) => cpuMilliseconds,
    ),
    memoryBytes: integerOrNull(
      'memory that its processes use, in bytes; null when it does not run or was not measured',
      ({ memoryBytes }) => memoryBytes,
    ),
    jti: string('id of the token that started it', ({ jti }) => jti),
    socket: stringOrNull('link that manages it', ({ socket }) => socket),
    attached: integer('number of attached clients', ({ attached }) => attached),
    terminal: stringOrNull(
      'size of its terminal in characters, such as 80x24; null without one',
      terminalSize,
    ),
    cordon: objectOrNull(
      'cordon',
      CORDON,
      'set while nobody can attach to it or read its output',
      ({ cordon }) => cordon,
    ),
    idle: objectOrNull('idle', IDLE, 'set while it is idle and has been warned', ({ idle }) => idle),
    readableFrom: integer(
      'offset of the first byte of output that its owner may read',
      ({ readableFrom }) => readableFrom,
    ),
    startedBy: stringOrNull(
      'login that started it, when it was given to another one',
      ({ startedBy }) => startedBy,
    ),
  },
  searchedFields: 'id, login, Linux user or command, or the word cordoned',
  list: async (client, selection, { signal, orderBy = '', ...ask }) => {
    const request = { filter: filterOf(selection), orderBy, ...ask };
    const page = await client.sessions.listSessions(request, signal && { signal });
    return { ...page, items: page.sessions, total: page.totalSize };
  },
  watch: (client, selection, { signal, changesOnly }) => {
    const request = { filter: filterOf(selection), changesOnly };
    return changesOf(client.sessions.watchSessions(request, signal && { signal }), 'session', 'removedId');
  },
};

/** Returns the session's command as one would type it; a login shell has none. */
export function commandText({ command }: Pick<Session, 'command'>): string {
  return command.length === 0 ? '(login shell)' : shellWords(command.map(rawText));
}

/** Returns "2 processes, by the kernel: out of memory"; undefined when it is not known to have killed any. */
function killed({ oomKills = 0 }: Pick<Session, 'oomKills'>): string | undefined {
  if (oomKills === 0) return undefined;
  return `${count(oomKills, 'process', 'processes')}, by the kernel: out of memory`;
}

function cpuText({ cpuMilliseconds }: Pick<Session, 'cpuMilliseconds'>): string | undefined {
  return cpuMilliseconds === undefined ? undefined : duration(cpuMilliseconds);
}

function memoryText({ memoryBytes }: Pick<Session, 'memoryBytes'>): string | undefined {
  return memoryBytes === undefined ? undefined : size(memoryBytes);
}

function idleAction({ action }: Pick<Idle, 'action'>): string {
  return enumWord(IdleAction, action) ?? 'unknown';
}

/** Returns "80x24"; '' for a session without a terminal. */
function terminalSize({ terminal }: Pick<Session, 'terminal'>): string {
  return terminal === undefined ? '' : terminalSizeText(terminal);
}

/** Returns "from byte 4096 on" for a session of which its owner may not read everything. */
function readable({ readableFrom }: Pick<Session, 'readableFrom'>): string | undefined {
  return readableFrom > 0 ? `from byte ${readableFrom} on` : undefined;
}

function filterOf(selection: Selection): SessionFilter {
  const { login = '', state = SessionState.UNSPECIFIED, cordoned = false, text = '' } = selection;
  return { login, state, cordoned, text };
}
