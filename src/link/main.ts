/**
 * The link process (DESIGN 7): the role `latchkey link`. Promises that nothing but this room's
 * code, `native/`, `token/` and what `client/` knows of files is loaded, that it runs as one ordinary
 * user for one daemon, and that it ends itself; it never acts without the daemon's proof, and
 * never for another user.
 */
import { type AppError, isAppError } from '../errors.ts';
import { inert } from '../inert.ts';
import { HELP, type LinkOptions, parseOptions } from './options.ts';
import { announce } from './user-messages.ts';

const [DONE, FAILED, USAGE, NOT_ALLOWED, UNREACHABLE] = [0, 1, 2, 4, 6];

/** Runs `latchkey link` with the words behind it; resolves with the exit status. */
export async function runLink(argv: string[]): Promise<number> {
  // Whoever read what we print may have gone: no reason for a link to end.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let words: LinkOptions | undefined;
  try {
    words = parseOptions(argv);
    if (words.help) {
      process.stdout.write(HELP);
      return DONE;
    }
    return await run(words, argv);
  } catch (error) {
    const message = isAppError(error) ? error.message : `it failed unexpectedly: ${String(error)}`;
    if (words?.report !== undefined) (await import('./processes/detach.ts')).report(words.report, message);
    else process.stderr.write(`latchkey link: ${inert(message)}\n`);
    return words?.daemon === true ? FAILED : exitStatus(error);
  }
}

/** Each part loads only what it needs: all of them are processes that somebody waits for. */
async function run(words: LinkOptions, argv: readonly string[]): Promise<number> {
  if (words.account !== undefined) {
    const { answerAccountPhase } = await import('./account/account-phase.ts');
    return answerAccountPhase(words.account);
  }
  if (words.register) {
    const { answerRegistration } = await import('./registration/answer-registration.ts');
    return answerRegistration(words.run);
  }
  if (words.prove !== undefined) {
    const { prove } = await import('./registration/prove.ts');
    await prove(words.prove, words.run);
    return DONE;
  }
  if (words.daemon && words.report === undefined) {
    const { startDetached } = await import('./processes/detach.ts');
    await announce.while(startDetached(argv));
    if (process.stderr.isTTY) announce.inBackground();
    return DONE;
  }
  const { Registrar } = await import('./registration/registrar.ts');
  using registrar = new Registrar(argv, words.run); // gets ready while the rest is being loaded
  const { serve } = await import('./serve.ts');
  await serve(words, argv, registrar);
  return DONE;
}

function exitStatus(error: unknown): number {
  if (!isAppError(error)) return FAILED;
  return STATUS[error.reason] ?? FAILED;
}

const STATUS: { readonly [Reason in AppError['reason']]?: number } = {
  USAGE,
  NOT_ELIGIBLE: NOT_ALLOWED,
  PERMISSION_DENIED: NOT_ALLOWED,
  LOCAL_ONLY: NOT_ALLOWED,
  LINK_REFUSED: NOT_ALLOWED,
  UNREACHABLE,
  UNAVAILABLE: UNREACHABLE,
  NOT_TRUSTED: UNREACHABLE,
};
