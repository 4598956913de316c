/** `latchkey sessions`: programs started through links; looking at them and ending them. */
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../../errors.ts';
import type { Session, SessionFilter, WatchSessionsResponse } from '../../generated/latchkey/v1/session.ts';
import { SessionState } from '../../generated/latchkey/v1/session.ts';
import { asJson } from '../../terminal/json.ts';
import { type ReadOptions, readOutput } from '../output/read-output.ts';
import { endingOf, showReceipt } from '../output/receipt-view.ts';
import {
  ONE_SESSION,
  SESSION,
  SESSION_COLUMNS,
  STATE_NAMES,
  sessionFields,
  sessionRow,
} from '../output/session-view.ts';
import type { Change, Listing } from '../output/view.ts';
import { addResource } from '../resource-command.ts';
import { type Act, ASKING, type Run } from '../run.ts';

interface Filtering {
  readonly login?: string;
  readonly state?: SessionState;
  readonly filter?: string;
  readonly sort?: string;
}

export const SESSIONS: Listing<Session, Filtering> = {
  noun: 'session',
  nouns: 'sessions',
  columns: SESSION_COLUMNS,
  id: ({ id }) => id,
  row: sessionRow,
  json: SESSION,
  addOptions,
  page: async ({ sessions }, options, ask) => {
    const request = { filter: filterOf(options), orderBy: options.sort ?? '', ...ask };
    const page = await sessions.listSessions(request);
    return { ...page, items: page.sessions };
  },
  changes: ({ sessions }, options, { changesOnly, signal }) =>
    changes(sessions.watchSessions({ filter: filterOf(options), changesOnly }, signal && { signal })),
};

const LONGEST_GRACE_SECONDS = 60;

export function addSessions(program: Command, act: Act): void {
  const noun = addResource(program, act, 'list, watch, read, signal and end programs', SESSIONS);
  noun.command('show <id>').description('one session').action(act(show));
  noun
    .command('read <id>')
    .description('print what a session has printed')
    .option('-f, --follow', 'go on until it ends')
    .option('--offset <bytes>', 'begin at this byte of all it printed', wholeNumber)
    .action(act<ReadOptions>((run, options, [id = '']) => readOutput(run, id, options)));
  noun
    .command('signal <id> <signal>')
    .description("send a signal to a session's processes: TERM, SIGTERM or 15")
    .action(act(signal));
  noun
    .command('end <id>')
    .description('end a session and all of its descendants')
    .option('--grace <seconds>', 'time between SIGTERM and SIGKILL (default: 3)', graceSeconds)
    .action(act(end));
}

function addOptions(command: Command): Command {
  return command
    .option('--login <name>', "only this login's")
    .option('--state <state>', 'only those starting, running or ended', state)
    .option('--filter <text>', 'only those with this text in id, login, Linux user or command')
    .option('--sort <field>', "id, login, linux_user, command, state or started_at; 'login desc' turns it");
}

function state(text: string): SessionState {
  const found = STATE_NAMES.get(text);
  if (found === undefined) throw new InvalidArgumentError('It is starting, running or ended.');
  return found;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It is a whole number.');
  return Number(text);
}

function graceSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,2}(\.\d{1,3})?$/.test(text) && seconds <= LONGEST_GRACE_SECONDS) return seconds;
  throw new InvalidArgumentError(`It is a number of seconds from 0 to ${LONGEST_GRACE_SECONDS}.`);
}

function filterOf(options: Filtering): SessionFilter {
  const { login = '', state = SessionState.UNSPECIFIED, filter = '' } = options;
  return { login, state, text: filter };
}

async function show(run: Run, _options: object, [sessionId = '']: readonly string[]): Promise<undefined> {
  const { sessions } = await run.client();
  const { session } = await run.out.whileWaiting(ASKING, sessions.getSession({ sessionId }));
  if (session === undefined) throw new AppError('NOT_FOUND', `there is no session ${sessionId}`);
  if (run.out.json) run.out.document(asJson(ONE_SESSION, session));
  else run.out.fields(sessionFields(run.out, session));
}

async function signal(run: Run, _options: object, words: readonly string[]): Promise<undefined> {
  const [sessionId = '', name = ''] = words;
  const { sessions } = await run.client();
  await run.out.whileWaiting(ASKING, sessions.signalSession({ sessionId, signal: name }));
}

async function end(
  run: Run,
  options: { readonly grace?: number },
  [sessionId = '']: readonly string[],
): Promise<number> {
  const { sessions } = await run.client();
  const grace = options.grace === undefined ? {} : { graceMilliseconds: Math.round(options.grace * 1000) };
  return showReceipt(run.out, await endingOf(run, sessions.endSession({ sessionId, ...grace })));
}

async function* changes(events: AsyncIterable<WatchSessionsResponse>): AsyncGenerator<Change<Session>> {
  for await (const { event } of events) {
    if (event?.$case === 'session') yield { kind: 'there', item: event.value };
    if (event?.$case === 'removedId') yield { kind: 'gone', id: event.value };
    if (event?.$case === 'snapshotDone') yield { kind: 'complete' };
  }
}
