/**
 * Work that needs a link. Where the server cannot start one by itself, the person logs in over SSH, which
 * leaves a link daemon, and the work is done again with the token of that login (F18).
 */
import { AppError, isAppError } from '../errors.ts';
import { LoginPurpose } from '../generated/latchkey/v1/auth.ts';
import { type Answers, answersFrom } from './input/answers.ts';
import { converse } from './input/login-conversation.ts';
import type { Run } from './run.ts';

/** The option of commands that may ask for a password. */
export const ANSWERS_OPTION = [
  '--answers-stdin',
  'read the answers of a login from standard input, one line for each prompt',
] as const;

/** The only method that this version can start a link with. */
const METHOD = 'ssh';

/**
 * Does `work`; when the server has no link for it and a login can start one, has the person log in, and does
 * `work` again, with `run.client()` then using the token of that login. Throws LINK_REQUIRED with the next
 * step where nobody can be asked.
 */
export async function withLink<Result>(
  run: Run,
  { answersStdin = false }: { readonly answersStdin?: boolean },
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const linuxUser = startableUser(error);
    if (linuxUser === undefined) throw error;
    await logIn(run, linuxUser, error as AppError, answersStdin);
    return work();
  }
}

/** Returns the Linux user whose login starts a link after `error`; undefined when there is no such way. */
function startableUser(error: unknown): string | undefined {
  if (!isAppError(error, 'LINK_REQUIRED') || error.details.startMethod !== METHOD) return undefined;
  return error.details.linuxUser;
}

async function logIn(run: Run, linuxUser: string, why: AppError, isFromInput: boolean): Promise<void> {
  using answers = answersOr(run, isFromInput, why);
  const [reason] = why.message.split(';', 1);
  run.out.note(`latchkey: ${reason}; log in as ${linuxUser} to start a link`);
  await using client = await run.newClient({ sendsPassword: true });
  const begin = { method: METHOD, username: linuxUser, purpose: LoginPurpose.START } as const;
  const { token } = await converse(run, client, answers, begin).catch(explainCancelled);
  await run.useToken(token);
}

/** Returns the source of answers. Throws LINK_REQUIRED with what to do where there is none. */
function answersOr(run: Run, isFromInput: boolean, why: AppError): Answers {
  try {
    return answersFrom(run.io, isFromInput);
  } catch (cause) {
    const next = 'or log in to start one: latchkey links start (without a terminal, with --answers-stdin)';
    throw new AppError('LINK_REQUIRED', `${why.message}, ${next}`, { details: why.details, cause });
  }
}

function explainCancelled(error: unknown): never {
  if (!isAppError(error, 'CANCELLED')) throw error;
  throw new AppError('CANCELLED', 'cancelled; nothing was started', { cause: error });
}
