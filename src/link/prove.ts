/**
 * `--prove NONCE`: whether this account could have a link, said by our own program running as it. The
 * daemon has it run over an SSH login whose user has a link daemon already.
 */
import { openTrustedFolder } from '../client/trusted-folder.ts';
import { checkAccount, ownAccount } from './account.ts';
import { checkAccountPhase } from './account-phase.ts';
import { accountProof } from './account-proof.ts';

/** Prints the proof. Throws NOT_ELIGIBLE, as a link would. */
export async function prove(nonce: string, run: string, argv: readonly string[]): Promise<void> {
  const account = ownAccount();
  using folder = openTrustedFolder(run);
  if (folder.uid !== account.uid) {
    checkAccount(account);
    await checkAccountPhase(account.name, argv);
  }
  process.stdout.write(`${accountProof(nonce, account.uid)}\n`);
}
