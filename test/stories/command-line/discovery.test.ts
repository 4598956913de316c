/** Finds a server through DNS, and trusts it by its fingerprint only. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alice, type Finished, latchkey } from '../../support/account.ts';
import { NameServer } from '../../support/host/name-server.ts';
import { needs } from '../../support/needs.ts';
import { TestDaemon } from '../../support/server/daemon.ts';

const DOMAIN = 'corp.example';
const HOST = 'login.corp.example';
const SERVICE = `_latchkey._tcp.${DOMAIN}`;

let names: NameServer;
let daemon: TestDaemon;
let impostor: TestDaemon;
let token: string;

beforeAll(async () => {
  names = await NameServer.start(DOMAIN);
  names.addresses.set(HOST, '127.0.0.1');
  const config = { server: { hostname: HOST } };
  [daemon, impostor] = await Promise.all([TestDaemon.start({ config }), TestDaemon.start({ config })]);
  const link = await daemon.link(alice, '--print-token');
  [token] = await link.printed(/^\S+(?=\n)/);
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await impostor?.[Symbol.asyncDispose]();
  await names?.[Symbol.asyncDispose]();
});

const portOf = ({ serverFile }: TestDaemon): number => Number(serverFile.address.split(':').at(-1));

/** Runs a command of alice on a machine that knows no server. */
function anywhere(...argv: string[]): Promise<Finished> {
  return latchkey(alice, argv, { env: { LATCHKEY_TOKEN: token } }).finished;
}

test(
  'a server found in DNS is used once its fingerprint is trusted (N1, N3, N4)',
  needs('world'),
  async () => {
    names.services.set(SERVICE, [
      { priority: 20, host: HOST, port: portOf(impostor) },
      { priority: 10, host: HOST, port: portOf(daemon) },
    ]);
    const address = `${HOST}:${portOf(daemon)}`;
    const unknown = await anywhere('whoami');
    expect(unknown).toMatchObject({ status: 6, stdout: '' });
    expect(unknown.stderr).toContain(`latchkey trust ${address}`);
    expect(names.asked).toContain(`SRV ${SERVICE}`);
    const [, fingerprint = ''] = /"fingerprint":"([^"]+)"/.exec(daemon.log) ?? [];
    expect(await anywhere('trust', address, '--fingerprint', fingerprint)).toMatchObject({ status: 0 });
    const who = await anywhere('whoami', '--json');
    expect(who, daemon.log).toMatchObject({ status: 0 });
    expect(JSON.parse(who.stdout)).toMatchObject({ token: { login: 'alice' } });
    await daemon.logged(/WhoAmI/);
  },
);

test('an impostor found in DNS gets no token (N4)', needs('world'), async () => {
  names.services.set(SERVICE, [{ priority: 1, host: HOST, port: portOf(impostor) }]);
  const ca = join(daemon.folder, 'ca.pem');
  writeFileSync(ca, daemon.serverFile.ca);
  const refused = await anywhere('whoami', '--ca', ca);
  expect(refused).toMatchObject({ status: 6, stdout: '' });
  expect(refused.stderr).toMatch(
    /(\S+:\d+) is not trusted: .*nothing was sent.*; .*run: latchkey trust \1\n$/,
  );
  await impostor.end(); // its log is complete now
  expect(impostor.wholeLog).not.toContain('WhoAmI');
});

test(
  'an address record without a service record is dialled at the default port',
  needs('world'),
  async () => {
    names.services.clear();
    names.addresses.set(`_latchkey.${DOMAIN}`, '127.0.0.1');
    const said = await anywhere('whoami');
    expect(said.stderr).toContain('127.0.0.1:7300');
  },
);
