/** `latchkey sessions disconnect`, `cordon` and `uncordon`: keep people from sessions that go on. */
import type { Command } from 'commander';
import { AppError } from '../../../errors.ts';
import type { DisconnectSessionResponse, Session } from '../../../generated/latchkey/v1/session.ts';
import { sessions } from '../../../nouns/sessions.ts';
import { count } from '../../../terminal/format.ts';
import { asJson, integer, type Members, object } from '../../../terminal/json.ts';
import { addNotes } from '../../help.ts';
import { itemMembers } from '../../output/listing.ts';
import type { DryRun } from '../../output/receipt-view.ts';
import { type Act, type Run, WAITING } from '../../run.ts';

export const DISCONNECTED: Members<DisconnectSessionResponse> = {
  disconnected: integer(
    'number of clients that were disconnected; with --dry-run, that would be',
    ({ disconnected }) => disconnected,
  ),
};

interface Cordoned extends DisconnectSessionResponse {
  readonly session: Session;
}

export const CORDONED: Members<Cordoned> = {
  session: object('session', sessions.members, ({ session }) => session),
  ...DISCONNECTED,
};

interface Uncordoning extends DryRun {
  readonly to?: string;
  readonly withOutput?: boolean;
}

const DRY_RUN = 'print what would change, and change nothing';
const CORDON_NOTES = [
  'A cordoned session goes on, and can be listed, signalled and ended as before. Nobody, its owner included, can ' +
    'attach to it or read its output; who does is disconnected. The message is shown to the owner.',
  "For managers. 'latchkey sessions uncordon' ends it.",
];
const UNCORDON_NOTES = [
  'Only administrators may use --to. The program goes on as its Linux user, so the new owner has power over that ' +
    "user: whatever is typed, the program does as that user. Sessions of root, of the server's own account, of " +
    'managers and of administrators cannot be given away; and only a login that has logged in before can get one.',
];
const DISCONNECT_NOTES = [
  'Ends the commands that are attached to the session or follow its output, wherever they run. They do not attach ' +
    'again by themselves. The session goes on, and its owner may attach again.',
];

/** Adds the commands to that of the noun. */
export function addCordons(noun: Command, act: Act): void {
  const disconnecting = noun
    .command('disconnect <id>')
    .description('disconnect the clients of a session, which goes on')
    .option('--others', 'leave those connected that use the token of this command')
    .option('--dry-run', DRY_RUN)
    .action(act(disconnect));
  addNotes(disconnecting, ...DISCONNECT_NOTES);
  const cordoning = noun
    .command('cordon <id>')
    .description('keep everybody from a session, which goes on')
    .requiredOption('--message <text>', 'why; shown to its owner')
    .option('--dry-run', DRY_RUN)
    .action(act(cordon));
  addNotes(cordoning, ...CORDON_NOTES);
  const uncordoning = noun
    .command('uncordon <id>')
    .description('let the owner of a cordoned session attach again, or give it to another login')
    .option('--to <login>', 'give it to this login, which owns it from then on')
    .option('--with-output', 'let that login also read what was printed before')
    .option('--dry-run', DRY_RUN)
    .action(act(uncordon));
  addNotes(uncordoning, ...UNCORDON_NOTES);
}

async function disconnect(
  run: Run,
  { others = false, dryRun: validateOnly = false }: DryRun & { readonly others?: boolean },
  [sessionId = '']: readonly string[],
): Promise<undefined> {
  const client = await run.client();
  const asked = client.sessions.disconnectSession({ sessionId, othersOnly: others, validateOnly });
  const done = await run.out.whileWaiting(WAITING, asked);
  if (run.out.json) run.out.document(asJson(DISCONNECTED, done));
  else if (!run.out.quiet)
    run.out.line(`${validateOnly ? 'Would disconnect' : 'Disconnected'} ${clients(done)}.`);
}

async function cordon(
  run: Run,
  { message, dryRun: validateOnly = false }: DryRun & { readonly message: string },
  [sessionId = '']: readonly string[],
): Promise<undefined> {
  const client = await run.client();
  const asked = client.sessions.cordonSession({ sessionId, message, validateOnly });
  const { session, disconnected } = await run.out.whileWaiting(WAITING, asked);
  if (session === undefined) throw withoutSession();
  if (run.out.json) run.out.document(asJson(CORDONED, { session, disconnected }));
  else if (!run.out.quiet) {
    const cut = clients({ disconnected });
    const done = `Cordoned session ${session.id}, and disconnected ${cut}.`;
    run.out.line(validateOnly ? `Would cordon session ${session.id}, and disconnect ${cut}.` : done);
  }
}

async function uncordon(
  run: Run,
  { to: login, withOutput = false, dryRun: validateOnly = false }: Uncordoning,
  [sessionId = '']: readonly string[],
): Promise<undefined> {
  if (withOutput && login === undefined) throw new AppError('USAGE', '--with-output needs --to LOGIN');
  if (login === '') throw new AppError('USAGE', '--to needs the name of a login');
  const client = await run.client();
  const asked = client.sessions.uncordonSession({ sessionId, login: login ?? '', withOutput, validateOnly });
  const { session } = await run.out.whileWaiting(WAITING, asked);
  if (session === undefined) throw withoutSession();
  if (run.out.json) run.out.document(asJson(itemMembers(sessions), session));
  else if (!run.out.quiet) {
    run.out.line(`${validateOnly ? 'Would uncordon' : 'Uncordoned'} session ${session.id}.`);
    if (login !== undefined)
      run.out.line(`${validateOnly ? 'It would belong' : 'It belongs'} to ${heirOf(session)}.`);
  }
}

function clients({ disconnected }: DisconnectSessionResponse): string {
  return count(disconnected, 'client');
}

/** Returns the owner, and what it may read: "dora, who can read its output from byte 4096 on". */
function heirOf({ login, readableFrom }: Session): string {
  const output = readableFrom === 0 ? 'all of its output' : `its output from byte ${readableFrom} on`;
  return `${login}, who can read ${output}`;
}

function withoutSession(): AppError {
  return new AppError('INTERNAL', 'the server answered without a session');
}
