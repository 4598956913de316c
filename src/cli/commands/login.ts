/** `latchkey login`: logs in and stores the token for later commands. */
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { AppError, isAppError } from '../../errors.ts';
import { LoginPurpose } from '../../generated/latchkey/v1/auth.ts';
import type { Token } from '../../generated/latchkey/v1/token.ts';
import { tokens } from '../../nouns/tokens.ts';
import { asJson, type Members, object, string } from '../../terminal/json.ts';
import type { AuthMethodName } from '../../values/auth-method.ts';
import { addNotes } from '../help.ts';
import { answersFrom } from '../input/answers.ts';
import { converse } from '../input/login-conversation.ts';
import { methodOption } from '../input/method-option.ts';
import { fieldsOf } from '../output/listing.ts';
import type { Act, Run } from '../run.ts';

interface Options {
  readonly method: AuthMethodName;
  readonly answersStdin?: boolean;
}

export const LOGGED_IN: Members<{ server: string; token: Token }> = {
  server: string('host:port', ({ server }) => server),
  token: object('token', tokens.members, ({ token }) => token),
};

const ANSWERS = {
  title: 'Answers',
  text:
    'the first answer is the password. It goes to the first hidden prompt of the sshd of the host, whatever ' +
    'its language; each further prompt, such as for a one-time code, takes the next one',
};
const FAILURES = {
  title: 'When it fails',
  items: [
    [
      'login refused',
      'a wrong password, a name that nobody has, or an account that may not log in; which of them is not ' +
        'told, and it counts as a guess (exit status 3). An account of which sshd takes only a key is refused ' +
        'as well; log in to the host with ssh, and run there: latchkey link',
    ],
    [
      'sshd wants a key besides',
      'the password was right, but sshd asks for more; log in to the host with ssh, and run there: ' +
        'latchkey link (3)',
    ],
    [
      'the password was right',
      "but the account did not run Latchkey's program: its shell or a file that it reads, such as ~/.bashrc, " +
        'ended or replaced itself before, or the account has a forced command (4)',
    ],
    ['the host admits nobody', 'the text of nologin(5) follows (4)'],
    ['sshd refuses connections', 'it has too many at the moment; only this is worth another try (6)'],
  ],
} as const;

/** Methods that need a conversation; the others are no logins over the network. */
const LOGIN_METHODS: readonly AuthMethodName[] = ['ssh', 'pam', 'key', 'oidc', 'saml'];

export function addLogin(program: Command, act: Act): void {
  const command = program
    .command('login [[user@]host[:port]]')
    .description(
      'log in as yourself or as another user; later commands use the token, and the server if you named one',
    )
    .addOption(methodOption('login method', LOGIN_METHODS).default('ssh'))
    .option('--answers-stdin', 'read the answers from standard input, one line for each prompt')
    .action(act(login));
  addNotes(command, ANSWERS, FAILURES);
}

async function login(
  run: Run,
  { method, answersStdin }: Options,
  [target = '']: readonly string[],
): Promise<undefined> {
  const { user, server } = parseTarget(target);
  using answers = answersFrom(run.io, answersStdin === true);
  const options = { anonymous: true, sendsPassword: true, ...(server !== undefined && { server }) };
  await using client = await run.newClient(options).catch((error) => throwWithHint(error, target));
  await run.out.whileWaiting(`waiting for ${client.address}`, client.prepareLogin());
  const begin = { method, username: user, purpose: LoginPurpose.LOGIN };
  const conversing = converse(run, client, answers, begin);
  const done = await conversing.catch((error) => throwWithMethod(error, method));
  if (done.claims === undefined)
    throw new AppError('INTERNAL', "the server answered without the token's claims");
  await client.storeToken(done);
  show(run, client.address, done.claims);
}

/** Throws `error`, in the words of the command line when the server does not offer `method`. */
function throwWithMethod(error: unknown, method: AuthMethodName): never {
  if (!isAppError(error) || error.violation?.field !== 'begin.method') throw error;
  throw new AppError(error.reason, `the server has no such login method now: ${method}`, { cause: error });
}

/** Throws `error`; when `target` could be a user, with the way to name one. */
function throwWithHint(error: unknown, target: string): never {
  if (!isAppError(error, 'NOT_TRUSTED') || !/^[a-z_][\w-]*$/i.test(target)) throw error;
  const hint = `to log in as the user ${target}: latchkey login ${target}@`;
  throw new AppError('NOT_TRUSTED', `${error.message}; ${hint}`, { cause: error });
}

/** Splits `alice@host:7300`, `alice@`, `host` or nothing into user and server. */
function parseTarget(target: string): { user: string; server: string | undefined } {
  const at = target.lastIndexOf('@');
  const user = at < 0 ? userInfo().username : target.slice(0, at);
  const server = target.slice(at + 1);
  if (user === '') throw new AppError('USAGE', `"${target}" names no user; expected [USER@]HOST[:PORT]`);
  return { user, server: server === '' ? undefined : server };
}

function show(run: Run, server: string, token: Token): void {
  if (run.out.json) {
    run.out.document(asJson(LOGGED_IN, { server, token }));
    return;
  }
  if (run.out.quiet) return;
  const about = fieldsOf(tokens, token).filter(([name]) => name !== 'this token' && name !== 'login');
  run.out.fields([['login', token.login], ['server', server], ...about]);
}
