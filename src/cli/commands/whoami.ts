/** `latchkey whoami`: shows the caller as the server sees it. */
import type { Command } from 'commander';
import { AppError } from '../../errors.ts';
import type { Role } from '../../generated/latchkey/v1/auth.ts';
import type { Token } from '../../generated/latchkey/v1/token.ts';
import { tokens } from '../../nouns/tokens.ts';
import { asJson, type Members, object, string } from '../../terminal/json.ts';
import { roleWord } from '../../terminal/state-words.ts';
import { fieldsOf } from '../output/listing.ts';
import { type Act, type Run, WAITING } from '../run.ts';

export function addWhoami(program: Command, act: Act): void {
  program.command('whoami').description('show your login, your role and your token').action(act(whoami));
}

export const WHOAMI: Members<{ role: Role; server: string; token: Token }> = {
  role: string('admin, manager or user', ({ role }) => roleWord(role)),
  server: string('host:port', ({ server }) => server),
  token: object('token', tokens.members, ({ token }) => token),
};

async function whoami(run: Run): Promise<undefined> {
  const client = await run.client();
  const { token, role } = await run.out.whileWaiting(WAITING, client.auth.whoAmI({}));
  if (token === undefined) throw new AppError('INTERNAL', 'the server did not say who you are');
  if (run.out.json) run.out.document(asJson(WHOAMI, { role, server: client.address, token }));
  else {
    const about = fieldsOf(tokens, token).filter(([name]) => name !== 'this token' && name !== 'login');
    run.out.fields([['login', token.login], ['role', roleWord(role)], ['server', client.address], ...about]);
  }
}
