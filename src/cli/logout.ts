/** `latchkey logout`: the end of this login, or of all of one's logins. */
import type { Command } from 'commander';
import { AppError } from '../errors.ts';
import { showReceipt } from './receipt-view.ts';
import type { Act, Run } from './run.ts';

export function addLogout(program: Command, act: Act): void {
  program
    .command('logout')
    .description('end this login, and what hangs on it')
    .option('--everywhere', 'every login of yours, on every machine')
    .action(act(logout));
}

async function logout(run: Run, options: { readonly everywhere?: boolean }): Promise<number> {
  const client = await run.client();
  const { receipt } = await client.auth.logout({ everywhere: options.everywhere === true });
  if (receipt === undefined) throw new AppError('INTERNAL', 'the server sent no receipt');
  await client.forgetToken();
  return showReceipt(run.out, receipt);
}
