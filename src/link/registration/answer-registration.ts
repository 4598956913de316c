/**
 * The helper process of registrar.ts: reads the request from standard input, writes the result to
 * standard output.
 */
import { text } from 'node:stream/consumers';
import { AppError, isAppError } from '../../errors.ts';
import { DONE, FAILED } from '../../exit-status.ts';
import { readServerFile } from '../../system/local-server.ts';
import { openTrustedFolder } from '../../system/trusted-folder.ts';
import { registerLink } from './register.ts';
import type { RegistrationOrder, RegistrationOutcome } from './registrar.ts';

export async function answerRegistration(run: string): Promise<number> {
  const order = await text(process.stdin);
  if (order === '') return FAILED; // the link has exited
  const { request, timeoutMs }: RegistrationOrder = JSON.parse(order);
  using folder = openTrustedFolder(run);
  const outcome: RegistrationOutcome = await registerLink(
    () => readServerFile(folder),
    request,
    timeoutMs,
  ).then(
    ({ jti }) => ({ jti }),
    (error: unknown) => {
      const { reason, message, details } = isAppError(error)
        ? error
        : new AppError('INTERNAL', String(error));
      return { reason, message, details };
    },
  );
  process.stdout.write(JSON.stringify(outcome));
  return DONE;
}
