/**
 * The role `latchkey link`: the link process (DESIGN 7). Loads only src/link, `native/`, `token/` and the
 * client's file formats. Runs as one user for one daemon, and never acts before the daemon has authenticated
 * itself.
 */

import { isAppError, type Reason } from '../errors.ts';
import { DONE, exitStatus, FAILED } from '../exit-status.ts';
import { inert } from '../inert.ts';
import { type LinkOptions, readOptions } from './options.ts';
import { announce } from './user-messages.ts';

/** The failures with an exit status of their own. */
const WITH_STATUS: readonly Reason[] = [
  'USAGE',
  'NOT_ELIGIBLE',
  'PERMISSION_DENIED',
  'LOCAL_ONLY',
  'LINK_REFUSED',
  'UNREACHABLE',
  'UNAVAILABLE',
  'NOT_TRUSTED',
];

/** Runs `latchkey link` with the arguments after the role's name; resolves with the exit status. */
export async function runLink(argv: string[]): Promise<number> {
  // A closed stdout or stderr is no reason for a link to exit.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  let options: LinkOptions | undefined;
  try {
    options = readOptions(argv);
    return await run(options, argv);
  } catch (error) {
    const message = isAppError(error) ? error.message : `unexpected error: ${String(error)}`;
    if (options?.report !== undefined)
      (await import('./processes/detach.ts')).report(options.report, message);
    else process.stderr.write(`latchkey link: ${inert(message)}\n`);
    return options?.daemon === true ? FAILED : statusOf(error);
  }
}

/** Loads only the code that each task needs: each of these processes must start fast. */
async function run(options: LinkOptions, argv: readonly string[]): Promise<number> {
  if (options.account !== undefined) {
    const { answerAccountPhase } = await import('./account/account-phase.ts');
    return answerAccountPhase(options.account);
  }
  if (options.register) {
    const { answerRegistration } = await import('./registration/answer-registration.ts');
    return answerRegistration(options.run);
  }
  if (options.endSessions) {
    const { endSessions } = await import('./cleanup/end-sessions.ts');
    return endSessions(options.run);
  }
  if (options.prove !== undefined && options.report === undefined) {
    const { prove } = await import('./registration/prove.ts');
    await prove(options.prove, options.run);
    if (!options.daemon) return DONE;
  }
  if (options.daemon && options.report === undefined) {
    const { startDetached } = await import('./processes/detach.ts');
    await announce.while(startDetached(argv));
    if (process.stderr.isTTY) announce.inBackground();
    return DONE;
  }
  const { Registrar } = await import('./registration/registrar.ts');
  using registrar = new Registrar(argv, options.run); // starts up while the rest is being loaded
  const { serve } = await import('./serve.ts');
  await serve(options, argv, registrar);
  return DONE;
}

function statusOf(error: unknown): number {
  return isAppError(error) && WITH_STATUS.includes(error.reason) ? exitStatus(error.reason) : FAILED;
}
