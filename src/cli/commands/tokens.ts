/** `latchkey tokens`: lists, watches, verifies and revokes tokens. */
import type { Command } from 'commander';
import { tokensById, tokensOfLogin } from '../../client/token-selection.ts';
import { AppError } from '../../errors.ts';
import { DONE, exitStatus, FAILED } from '../../exit-status.ts';
import type { Token, VerifyTokenResponse } from '../../generated/latchkey/v1/token.ts';
import { tokens } from '../../nouns/tokens.ts';
import { asJson, boolean, type Members, stringOrNull } from '../../terminal/json.ts';
import { reasonName } from '../../terminal/state-words.ts';
import type { AuthMethodName } from '../../values/auth-method.ts';
import { methodOption } from '../input/method-option.ts';
import { readSecret } from '../input/read-secret.ts';
import { fieldsOf, showItem } from '../output/listing.ts';
import { addDryRun, type DryRun, showReceipt, waitForReceipt } from '../output/receipt-view.ts';
import { addResource } from '../resource-command.ts';
import { type Act, type Run, WAITING } from '../run.ts';

interface Options {
  readonly login?: string;
  readonly method?: AuthMethodName;
}

interface RevokeOptions extends DryRun {
  readonly login?: string;
  readonly endSessions?: boolean;
}

export const VERIFIED: Members<VerifyTokenResponse> = {
  active: boolean('true when a call with it would be accepted', ({ active }) => active),
  reason: stringOrNull('reason why it would be refused', ({ active, reason }) =>
    active ? undefined : reasonName(reason),
  ),
  token: {
    type: 'token or null',
    about: 'the token, when it is active',
    of: ({ token }) => (token === undefined ? null : asJson(tokens.members, token)),
  },
};

export function addTokens(program: Command, act: Act): void {
  const noun = addResource<Token, Options>(program, act, {
    noun: tokens,
    description: 'list, watch, verify and revoke tokens',
    addOptions: (command) =>
      command
        .option('--login <login>', 'only tokens of this login')
        .addOption(methodOption('only tokens obtained by this login method')),
    select: ({ login, method }) => ({ login, method }),
  });
  noun.command('show <jti>').description('show one token').action(act(show));
  const revoking = noun
    .command('revoke [jti...]')
    .summary('revoke tokens, and stop the links that depend on them')
    .description(
      'revoke tokens, and stop the links that depend on them. Programs keep running unless --end-sessions is ' +
        'given, or the server is set to end them (sessions.on_revoke); the receipt lists them first.',
    )
    .option('--login <login>', 'all tokens of this login')
    .option(
      '--end-sessions',
      'end the sessions of the tokens, too; with --login, every session of that login, and of a locked or deleted account',
    );
  addDryRun(revoking).action(act(revoke));
  noun
    .command('verify')
    .description('verify a token from standard input or --file; exit status 1 if it is refused')
    .option('--file <file>', 'the file that contains the token')
    .action(act(verify));
}

async function show(run: Run, _options: object, [jti = '']: readonly string[]): Promise<undefined> {
  const client = await run.client();
  const { token } = await run.out.whileWaiting(WAITING, client.tokens.getToken({ jti }));
  if (token === undefined) throw new AppError('NOT_FOUND', `there is no live token ${jti}`);
  return showItem(run, token, tokens);
}

async function revoke(run: Run, options: RevokeOptions, jtis: readonly string[]): Promise<number> {
  const { login = '', dryRun: validateOnly = false, endSessions = false } = options;
  if ((jtis.length === 0) === (login === '')) {
    throw new AppError('USAGE', "name the tokens: either 'latchkey tokens revoke JTI …' or '--login NAME'");
  }
  const client = await run.client();
  const selection = login === '' ? tokensById(jtis) : tokensOfLogin(login);
  const asked = client.tokens.revokeTokens({ selection, validateOnly, endSessions });
  const receipt = await waitForReceipt(run, asked, options);
  const status = showReceipt(run.out, receipt);
  const unknown = jtis.filter((jti) => !receipt.jtis.includes(jti));
  for (const jti of unknown) run.out.problem(`there is no live token ${jti}`);
  return status === DONE && unknown.length > 0 ? exitStatus('NOT_FOUND') : status;
}

async function verify(run: Run, options: { readonly file?: string }): Promise<number> {
  const token = await readSecret(run.io, options.file, 'the token to verify');
  const client = await run.client();
  const answer = await run.out.whileWaiting(WAITING, client.tokens.verifyToken({ token }));
  if (run.out.json) {
    run.out.document(asJson(VERIFIED, answer));
  } else if (answer.token !== undefined && answer.active) {
    run.out.line('active: a call with this token would be accepted');
    run.out.fields(fieldsOf(tokens, answer.token));
  } else run.out.line(`refused: ${reasonName(answer.reason)}`);
  return answer.active ? DONE : FAILED;
}
