/** `latchkey sessions`: lists, watches, reads, signals, ends and cordons sessions. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import { sessionsById, sessionsOfLogin } from '../../../client/session-selection.ts';
import { AppError } from '../../../errors.ts';
import { DONE, exitStatus } from '../../../exit-status.ts';
import { type Session, SessionState } from '../../../generated/latchkey/v1/session.ts';
import { DEFAULT_GRACE_MS, LONGEST_GRACE_MS } from '../../../grace-period.ts';
import { sessions } from '../../../nouns/sessions.ts';
import { durationOf } from '../../../values/duration.ts';
import { withSuggestions } from '../../option.ts';
import { showItem } from '../../output/listing.ts';
import { type ReadOptions, readOutput } from '../../output/read-output.ts';
import { addDryRun, type DryRun, showReceipt, waitForReceipt } from '../../output/receipt-view.ts';
import { addResource } from '../../resource-command.ts';
import { type Act, type Run, WAITING } from '../../run.ts';
import { addCordons } from './cordons.ts';
import { addExport } from './export.ts';

interface Options {
  readonly login?: string;
  readonly state?: SessionState;
  readonly cordoned?: boolean;
}

/** Session states, by the names used on the command line. */
const STATES: ReadonlyMap<string, SessionState> = new Map([
  ['starting', SessionState.STARTING],
  ['running', SessionState.RUNNING],
  ['ended', SessionState.ENDED],
]);

const DEFAULT_GRACE_SECONDS = DEFAULT_GRACE_MS / 1000;
const LONGEST_GRACE_SECONDS = LONGEST_GRACE_MS / 1000;

export function addSessions(program: Command, act: Act): void {
  const noun = addResource<Session, Options>(program, act, {
    noun: sessions,
    description: 'list, watch, read, signal, end and cordon sessions',
    addOptions: (command) =>
      command
        .option('--login <login>', 'only sessions of this login')
        .addOption(
          withSuggestions(
            new Option('--state <state>', 'only sessions that are starting, running or ended').argParser(
              state,
            ),
            STATES.keys(),
          ),
        )
        .option('--cordoned', 'only sessions that are cordoned'),
    select: ({ login, state, cordoned }) => ({ login, state, cordoned }),
  });
  noun.command('show <id>').description('show one session').action(act(show));
  noun
    .command('read <id>')
    .description("print a session's output")
    .option('-f, --follow', 'continue until the session ends')
    .option('--offset <bytes>', 'begin at this byte of its output', wholeNumber)
    .action(act<ReadOptions>((run, options, [id = '']) => readOutput(run, id, options)));
  addExport(noun, act);
  noun
    .command('signal <id> <signal>')
    .description("send a signal to a session's processes: TERM, SIGTERM or 15")
    .action(act(signal));
  const ending = noun
    .command('end [id...]')
    .description('end sessions and all of their descendants, also where the user has no link')
    .option('--login <login>', 'all sessions of this login')
    .option(
      '--grace <seconds>',
      `time between SIGTERM and SIGKILL (default: ${DEFAULT_GRACE_SECONDS})`,
      graceSeconds,
    );
  addDryRun(ending).action(act(end));
  addCordons(noun, act);
}

function state(text: string): SessionState {
  const found = STATES.get(text);
  if (found === undefined) throw new InvalidArgumentError('It must be starting, running or ended.');
  return found;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function graceSeconds(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,2}(\.\d{1,3})?$/.test(text) && seconds <= LONGEST_GRACE_SECONDS) return seconds;
  throw new InvalidArgumentError(`It must be a number of seconds from 0 to ${LONGEST_GRACE_SECONDS}.`);
}

async function show(run: Run, _options: object, [sessionId = '']: readonly string[]): Promise<undefined> {
  const client = await run.client();
  const { session } = await run.out.whileWaiting(WAITING, client.sessions.getSession({ sessionId }));
  if (session === undefined) throw new AppError('NOT_FOUND', `there is no session ${sessionId}`);
  return showItem(run, session, sessions);
}

async function signal(run: Run, _options: object, words: readonly string[]): Promise<undefined> {
  const [sessionId = '', name = ''] = words;
  const client = await run.client();
  await run.out.whileWaiting(WAITING, client.sessions.signalSession({ sessionId, signal: name }));
}

async function end(
  run: Run,
  options: DryRun & { readonly grace?: number; readonly login?: string },
  ids: readonly string[],
): Promise<number> {
  const { login = '', dryRun: validateOnly = false, grace } = options;
  if ((ids.length === 0) === (login === ''))
    throw new AppError('USAGE', "name the sessions: either 'latchkey sessions end ID …' or '--login NAME'");
  const client = await run.client();
  const selection = login === '' ? sessionsById(ids) : sessionsOfLogin(login);
  const graceful = grace === undefined ? {} : { grace: durationOf(grace * 1000) };
  const asked = client.sessions.endSession({ selection, validateOnly, ...graceful });
  const receipt = await waitForReceipt(run, asked, options);
  const status = showReceipt(run.out, receipt);
  const left = receipt.survivors.map(({ sessionId }) => sessionId);
  const unknown = ids.filter((id) => !receipt.sessions.includes(id) && !left.includes(id));
  for (const id of unknown) run.out.problem(`there is no running session ${id}`);
  return status === DONE && unknown.length > 0 ? exitStatus('NOT_FOUND') : status;
}
