/**
 * `latchkey trust`: stores a server's CA certificate in the client's folder, after the user has confirmed its
 * fingerprint or when it has a given one. It is never stored without either.
 */
import type { Command } from 'commander';
import { normalAddress } from '../../client/find/find-server.ts';
import { readCa, serverFolder, writeCa } from '../../client/find/server-folder.ts';
import { AppError } from '../../errors.ts';
import { homeOf } from '../../system/xdg.ts';
import { asJson, type Members, string } from '../../terminal/json.ts';
import { fetchCa, type PresentedCa } from '../fetch-ca.ts';
import { ask } from '../input/confirm.ts';
import type { Act, Run } from '../run.ts';

export const TRUSTED: Members<{ server: string; fingerprint: string }> = {
  server: string('host:port', ({ server }) => server),
  fingerprint: string('SHA-256 of its CA certificate: AA:BB:…', ({ fingerprint }) => fingerprint),
};

export function addTrust(program: Command, act: Act): void {
  program
    .command('trust <host[:port]>')
    .description("trust a server's certificate authority, after comparing its fingerprint")
    .option('--fingerprint <sha256>', 'the fingerprint that it must have, instead of asking')
    .action(act(trust));
}

async function trust(
  run: Run,
  options: { readonly fingerprint?: string },
  [text = '']: readonly string[],
): Promise<undefined> {
  const server = normalAddress(text);
  const wanted = options.fingerprint === undefined ? undefined : plainFingerprint(options.fingerprint);
  const found = await run.out.whileWaiting(`waiting for ${server}`, fetchCa(server, run.io.now()));
  const folder = serverFolder(run.io.env, homeOf(run.io.env), server);
  if (found.warning !== undefined) run.out.note(found.warning);
  const known = readCa(folder);
  if (wanted !== undefined) compare(server, found, wanted);
  else if (known?.trim() !== found.pem.trim()) await confirm(run, server, found, known !== undefined);
  writeCa(folder, found.pem);
  if (run.out.json) run.out.document(asJson(TRUSTED, { server, fingerprint: found.fingerprint }));
  else if (!run.out.quiet) run.out.line(`${server} is trusted: SHA-256 ${found.fingerprint}`);
}

/** Returns 64 hexadecimal digits in upper case, from "AA:BB:…", "aabb…" or "SHA256:AA:BB:…". Throws USAGE. */
function plainFingerprint(text: string): string {
  const digits = digitsOf(text);
  if (digits === undefined) throw new AppError('USAGE', 'a SHA-256 fingerprint has 32 bytes: AA:BB:…');
  return digits;
}

function digitsOf(text: string): string | undefined {
  const digits = text.replace(/^sha-?256[: ]/i, '').replaceAll(/[:\s]/g, '');
  return /^[0-9a-f]{64}$/i.test(digits) ? digits.toUpperCase() : undefined;
}

function compare(server: string, found: PresentedCa, wanted: string): void {
  if (found.fingerprint.replaceAll(':', '') === wanted) return;
  throw new AppError(
    'NOT_TRUSTED',
    `${server} has another fingerprint: ${found.fingerprint}; nothing was stored; ask its administrator`,
  );
}

async function confirm(run: Run, server: string, found: PresentedCa, replaces: boolean): Promise<void> {
  if (replaces)
    run.out.problem(
      `WARNING: the authority of ${server} has changed; someone may be intercepting the connection`,
    );
  const answer = await ask(run.io, {
    before: [
      `The certificate authority of ${server} has the SHA-256 fingerprint`,
      `  ${found.fingerprint}`,
      "Compare it with the one that 'latchkey fingerprint' prints on the server's host.",
    ],
    text: "Trust it? ('yes', 'no' or the fingerprint) ",
    instead: 'give the expected fingerprint with --fingerprint',
    again: {
      accepts: (text) => /^(yes|no)$/i.test(text) || digitsOf(text) !== undefined,
      text: "Please type 'yes', 'no' or the fingerprint: ",
    },
  });
  const digits = digitsOf(answer);
  if (digits !== undefined) compare(server, found, digits);
  else if (answer.toLowerCase() !== 'yes')
    throw new AppError('CANCELLED', 'not confirmed; nothing was stored');
}
