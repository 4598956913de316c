/**
 * `latchkey fingerprint` and `latchkey ca`: what others compare or need to trust a server, as this host
 * knows it. Connects to nothing.
 */
import { X509Certificate } from 'node:crypto';
import type { Command } from 'commander';
import { type FoundServer, findServer } from '../../client/find/find-server.ts';
import { AppError } from '../../errors.ts';
import { asJson, type Members, string } from '../../terminal/json.ts';
import { addNotes } from '../help.ts';
import type { Act, Run } from '../run.ts';

interface Known {
  readonly server: string;
  readonly certificate: X509Certificate;
}

const server: Members<Known> = { server: string('host:port', (known) => known.server) };

export const FINGERPRINT: Members<Known> = {
  ...server,
  fingerprint: string(
    'SHA-256 of its CA certificate: AA:BB:…',
    ({ certificate }) => certificate.fingerprint256,
  ),
};

export const CA: Members<Known> = {
  ...server,
  ca: string('its CA certificate, PEM', ({ certificate }) => certificate.toString()),
};

export function addCa(program: Command, act: Act): void {
  const fingerprint = program
    .command('fingerprint')
    .description("print the SHA-256 fingerprint of a server's certificate authority")
    .action(act((run) => print(run, FINGERPRINT, ({ certificate }) => certificate.fingerprint256)));
  addNotes(
    fingerprint,
    "By default of the server of this host. Others compare it in 'latchkey trust': the SHA-256 of the CA's " +
      'certificate in DER, as "openssl x509 -fingerprint -sha256" prints it.',
  );
  const ca = program
    .command('ca')
    .description("print a server's CA certificate, PEM")
    .action(act((run) => print(run, CA, ({ certificate }) => certificate.toString().trimEnd())));
  addNotes(ca, 'By default of the server of this host. Clients in other languages trust this certificate.');
}

async function print(run: Run, members: Members<Known>, text: (known: Known) => string): Promise<undefined> {
  const known = knownOf(findServer({ ...run.globals, env: run.io.env }));
  if (run.out.json) run.out.document(asJson(members, known));
  else for (const line of text(known).split('\n')) run.out.line(line);
}

function knownOf({ address, ca }: FoundServer): Known {
  try {
    return { server: address, certificate: new X509Certificate(ca) };
  } catch (cause) {
    throw new AppError('NOT_TRUSTED', `the stored CA certificate of ${address} is malformed`, { cause });
  }
}
