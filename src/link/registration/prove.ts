/**
 * `--prove NONCE`: checks that this account could have a link, and proves that Latchkey's own program ran
 * as it. The server runs this over each SSH login, with --daemon where it also wants a link daemon.
 */

import { accountProof } from '../../link-protocol/account-proof.ts';
import { openTrustedFolder } from '../../system/trusted-folder.ts';
import { checkAccount, ownAccount } from '../account/account.ts';
import { checkAccountPhaseHere } from '../account/account-phase.ts';

/** Prints the proof. Throws NOT_ELIGIBLE as a link would. */
export async function prove(nonce: string, run: string): Promise<void> {
  const account = ownAccount();
  using folder = openTrustedFolder(run);
  if (folder.uid !== account.uid) {
    checkAccount(account);
    await checkAccountPhaseHere(account.name);
  }
  process.stdout.write(`${accountProof(nonce, account.uid)}\n`);
}
