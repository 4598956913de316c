/** `latchkey tokens`: who is logged in, and putting an end to it. */
import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import { DONE, exitStatus, FAILED } from '../../exit-status.ts';
import type {
  Token,
  TokenFilter,
  VerifyTokenResponse,
  WatchTokensResponse,
} from '../../generated/latchkey/v1/token.ts';
import { asJson, boolean, type Members, stringOrNull } from '../../terminal/json.ts';
import { readSecret } from '../input/read-secret.ts';
import { endingOf, showReceipt } from '../output/receipt-view.ts';
import { ONE_TOKEN, TOKEN, TOKEN_COLUMNS, tokenFields, tokenRow } from '../output/token-view.ts';
import type { Change, Listing } from '../output/view.ts';
import { addResource } from '../resource-command.ts';
import { type Act, ASKING, type Run } from '../run.ts';

interface Filtering {
  readonly login?: string;
  readonly method?: string;
  readonly filter?: string;
  readonly sort?: string;
}

export const TOKENS: Listing<Token, Filtering> = {
  noun: 'token',
  nouns: 'tokens',
  columns: TOKEN_COLUMNS,
  id: ({ jti }) => jti,
  row: tokenRow,
  json: TOKEN,
  addOptions,
  page: async ({ tokens }, options, ask) => {
    const request = { filter: filterOf(options), orderBy: options.sort ?? '', ...ask };
    const page = await tokens.listTokens(request);
    return { ...page, items: page.tokens };
  },
  changes: ({ tokens }, options, { changesOnly, signal }) =>
    changes(tokens.watchTokens({ filter: filterOf(options), changesOnly }, signal && { signal })),
};

export const VERIFIED: Members<VerifyTokenResponse> = {
  active: boolean('whether a call with it would be accepted', ({ active }) => active),
  reason: stringOrNull('why not', ({ active, reason }) => (active ? undefined : reason)),
  token: {
    type: 'token or null',
    about: 'the token, where it is one of this server',
    of: ({ token }) => (token === undefined ? null : asJson(TOKEN, token)),
  },
};

export function addTokens(program: Command, act: Act): void {
  const noun = addResource(program, act, 'list, watch, check and revoke logins', TOKENS);
  noun.command('show <jti>').description('one token').action(act(show));
  noun
    .command('revoke [jti...]')
    .description('end tokens, with the links, sessions and processes that hang on them')
    .option('--login <name>', 'every token of this login')
    .action(act(revoke));
  noun
    .command('verify')
    .description('check a token, read from standard input or --file; 1 if it would be refused')
    .option('--file <file>', 'where the token is')
    .action(act(verify));
}

function addOptions(command: Command): Command {
  return command
    .option('--login <name>', "only this login's")
    .option('--method <name>', 'only those got this way: link, link-daemon, local, …')
    .option('--filter <text>', 'only those with this text in login, Linux user, host, address or id')
    .option(
      '--sort <field>',
      "jti, login, linux_user, auth_method, issued_at, expires_at or client_ip; 'login desc' turns it",
    );
}

function filterOf(options: Filtering): TokenFilter {
  return { login: options.login ?? '', authMethod: options.method ?? '', text: options.filter ?? '' };
}

async function show(run: Run, _options: object, [jti = '']: readonly string[]): Promise<undefined> {
  const { tokens } = await run.client();
  const { token } = await run.out.whileWaiting(ASKING, tokens.getToken({ jti }));
  if (token === undefined) throw new AppError('NOT_FOUND', `there is no live token ${jti}`);
  if (run.out.json) run.out.document(asJson(ONE_TOKEN, token));
  else run.out.fields(tokenFields(run.out, token));
}

async function revoke(run: Run, options: Filtering, jtis: readonly string[]): Promise<number> {
  const { login = '' } = options;
  if ((jtis.length === 0) === (login === '')) {
    throw new AppError(
      'USAGE',
      "say which tokens: 'latchkey tokens revoke JTI …' or '--login NAME', not both",
    );
  }
  const { tokens } = await run.client();
  const receipt = await endingOf(run, tokens.revokeTokens({ jtis: [...jtis], login }));
  const status = showReceipt(run.out, receipt);
  const unknown = jtis.filter((jti) => !receipt.jtis.includes(jti));
  for (const jti of unknown) run.out.problem(`there is no live token ${jti}`);
  return status === DONE && unknown.length > 0 ? exitStatus('NOT_FOUND') : status;
}

async function verify(run: Run, options: { readonly file?: string }): Promise<number> {
  const token = await readSecret(run.io, options.file, 'the token to check');
  const { tokens } = await run.client();
  const answer = await run.out.whileWaiting(ASKING, tokens.verifyToken({ token }));
  if (run.out.json) {
    run.out.document(asJson(VERIFIED, answer));
  } else if (answer.token !== undefined && answer.active) {
    run.out.line('active: a call with this token would be accepted');
    run.out.fields(tokenFields(run.out, answer.token));
  } else run.out.line(`refused: ${answer.reason}`);
  return answer.active ? DONE : FAILED;
}

async function* changes(events: AsyncIterable<WatchTokensResponse>): AsyncGenerator<Change<Token>> {
  for await (const { event } of events) {
    if (event?.$case === 'token') yield { kind: 'there', item: event.value };
    if (event?.$case === 'removedJti') yield { kind: 'gone', id: event.value };
    if (event?.$case === 'snapshotDone') yield { kind: 'complete' };
  }
}
