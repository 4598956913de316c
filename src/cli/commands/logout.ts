/** `latchkey logout`: ends the caller's token, or all tokens of the caller's login. */
import type { Command } from 'commander';
import type { Client } from '../../client/connect/connect.ts';
import { AppError, isAppError, type Reason } from '../../errors.ts';
import { AuthMethod, Receipt } from '../../generated/latchkey/v1/token.ts';
import { showReceipt, waitForReceipt } from '../output/receipt-view.ts';
import type { Act, Run } from '../run.ts';

const ENDED: ReadonlySet<Reason> = new Set(['TOKEN_NOT_ACTIVE', 'TOKEN_EXPIRED']);

export function addLogout(program: Command, act: Act): void {
  program
    .command('logout')
    .description('end this login, and everything that depends on it')
    .option('--everywhere', 'end all tokens of your login, on every machine')
    .action(act(logout));
}

async function logout(run: Run, options: { readonly everywhere?: boolean }): Promise<number> {
  const client = await run.client();
  const everywhere = options.everywhere === true;
  try {
    if (!everywhere) await refuseLocalAdmin(client);
    const receipt = await waitForReceipt(run, client.auth.logout({ everywhere }));
    await client.forgetToken();
    return showReceipt(run.out, receipt);
  } catch (error) {
    if (!isAppError(error) || !ENDED.has(error.reason)) throw error;
    await client.forgetToken();
    if (everywhere) throw error;
    run.out.note('this login had already ended; its token was removed');
    return run.out.json ? showReceipt(run.out, Receipt.create()) : 0;
  }
}

/**
 * Throws NOT_LOGGED_IN for the local administrator's token: it belongs to the server, and ending it would
 * lock the administrator out until the server's next start.
 */
async function refuseLocalAdmin(client: Client): Promise<void> {
  const { token } = await client.auth.whoAmI({});
  if (token?.authMethod !== AuthMethod.LOCAL) return;
  throw new AppError(
    'NOT_LOGGED_IN',
    "there is no login to end: this is the local administrator's token; see 'latchkey tokens'",
  );
}
