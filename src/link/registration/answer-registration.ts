/** The helper process of registrar.ts: waits for the order on standard input, answers on standard output. */
import { text } from 'node:stream/consumers';
import { AppError, isAppError } from '../../errors.ts';
import { readServerFile } from '../../system/local-server.ts';
import { openTrustedFolder } from '../../system/trusted-folder.ts';
import { registerLink } from './register.ts';
import type { Order, Outcome } from './registrar.ts';

/** Resolves with the exit status. */
export async function answerRegistration(run: string): Promise<number> {
  const ordered = await text(process.stdin);
  if (ordered === '') return 1; // the link has given up
  const { request, patienceMs }: Order = JSON.parse(ordered);
  using folder = openTrustedFolder(run);
  const outcome: Outcome = await registerLink(() => readServerFile(folder), request, patienceMs).then(
    ({ jti }) => ({ jti }),
    (error: unknown) => {
      const { reason, message, details } = isAppError(error)
        ? error
        : new AppError('INTERNAL', String(error));
      return { reason, message, details };
    },
  );
  process.stdout.write(JSON.stringify(outcome));
  return 0;
}
