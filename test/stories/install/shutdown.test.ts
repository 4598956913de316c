/**
 * A host with the package that is shut down while sessions run: they end in order, and nothing waits for
 * the time limit of the service manager.
 */
import { expect, test } from 'vitest';
import { alice, type Finished, latchkey } from '../../support/account.ts';
import { type Base, BootedSystem, bootable } from '../../support/host/booted-system.ts';
import { givePackage, trust } from '../../support/host/packaged-system.ts';
import { missing, skippedFor } from '../../support/needs.ts';

const PASSWORD = 'Tr0ub4dor and more';
/** After DefaultTimeoutStopSec=, 90 s, systemd kills what is left; the half of it is far from both cases. */
const WITHOUT_TIMEOUT_SECONDS = 45;
const base: Base = missing('world') ? { missing: missing('world') } : bootable();

test('a shutdown ends sessions in order and records their status', {
  ...skippedFor(base.missing),
  timeout: 300_000,
}, async () => {
  await using system = await BootedSystem.boot(base.folder ?? '');
  await system.sh(
    `useradd --create-home --shell /bin/bash alice
    useradd --create-home --shell /bin/bash bob
    printf '%s\\n' "alice:$1" | chpasswd
    dpkg --install "$2"`,
    PASSWORD,
    givePackage(system),
  );
  await trust(system, alice);
  await alicesCommand(system, ['login', '--answers-stdin', 'alice@'], `${PASSWORD}\n`);
  const cleans = 'trap "sleep 1; echo cleaned up; exit 5" TERM; echo begun; while :; do sleep 0.1; done';
  const own = (await alicesCommand(system, ['start', '--detach', '--', 'sh', '-c', cleans])).stdout.trim();
  await expect.poll(() => output(system, own)).toBe('begun\n');
  const inOwnScope = `latchkey link >link.log 2>&1 &
    until latchkey start --detach -- sleep 1000 2>start.log; do sleep 0.2; done`;
  const bobs = await system.sh('runuser --login bob --command "$1"', inOwnScope);

  const seconds = await system.restart();

  expect(seconds).toBeLessThan(WITHOUT_TIMEOUT_SECONDS);
  expect(await sessionOf(system, own)).toMatchObject({ state: 'ended', exitStatus: 5 });
  expect(await sessionOf(system, bobs)).toMatchObject({ state: 'ended' });
  // The server, started before the host had its address, adds that to its certificate.
  const login = (): Promise<Finished> => run(system, ['login', '--answers-stdin', 'alice@'], `${PASSWORD}\n`);
  await expect.poll(login, { timeout: 30_000, interval: 500 }).toMatchObject({ status: 0 });
  expect(await output(system, own)).toBe('begun\ncleaned up\n');
});

/** Runs a command of alice on the other host. */
function run(system: BootedSystem, argv: string[], input?: string): Promise<Finished> {
  const env = { LATCHKEY_SERVER: `${system.address}:7300` };
  return latchkey(alice, argv, { env, ...(input !== undefined && { input }) }).finished;
}

/** Runs a command that must succeed. */
async function alicesCommand(system: BootedSystem, argv: string[], input?: string): Promise<Finished> {
  const finished = await run(system, argv, input);
  expect(finished).toEqual({ ...finished, status: 0 });
  return finished;
}

async function output(system: BootedSystem, id: string): Promise<string> {
  return (await alicesCommand(system, ['sessions', 'read', id])).stdout;
}

async function sessionOf(system: BootedSystem, id: string): Promise<unknown> {
  return JSON.parse(await system.sh('latchkey sessions show --json "$1"', id)).session;
}
