/**
 * Time that a token stays valid after its revocation was requested: until a call on another connection is
 * refused, minus the round trip of a call.
 */

import type { Client } from '../../../src/client/connect/connect.ts';
import { tokensById } from '../../../src/client/token-selection.ts';
import { isAppError } from '../../../src/errors.ts';
import { alice } from '../../support/account.ts';
import { Person } from '../../support/server/person.ts';
import { type Line, median, spreadOf } from '../report/line.ts';
import { clientOf, startDaemon } from '../served.ts';

const WARM_UP = 2_000;
const TIMES = 40;
const TRIPS = 5;
/** Calls in progress at a time, so that one of them is on its way when the answer changes. */
const AT_ONCE = 4;

export async function measure(): Promise<Line[]> {
  await using daemon = await startDaemon();
  await using person = await Person.start(alice);
  await person.meet(daemon);
  await using admin = await clientOf(daemon);
  for (let call = 0; call < WARM_UP; call += 1) await admin.auth.whoAmI({});
  const taken: { revokedMs: number; tripMs: number; againMs: number }[] = [];
  for (let time = 0; time < TIMES; time += 1) {
    const { token = '', jti, message } = await person.issue();
    if (token === '') throw new Error(`no token: ${message}`);
    await using elsewhere = await clientOf(daemon, token);
    const tripMs = await roundTripMs(elsewhere);
    const againMs = await roundTripMs(elsewhere);
    taken.push({ tripMs, againMs, revokedMs: await untilRefusedMs(admin, elsewhere, jti) });
  }
  const revokedMs = median(taken.map((one) => one.revokedMs));
  const tripMs = median(taken.map((one) => one.tripMs));
  return [
    {
      what: 'revoke until refused elsewhere, over a round trip',
      ours: `${revokedMs.toFixed(2)} ms`,
      other: `${tripMs.toFixed(2)} ms`,
      ratio: median(taken.map((one) => one.revokedMs / ((one.tripMs + one.againMs) / 2))),
      goal: 1.5,
      wanted: 'at most',
      spread: spreadOf(tripMs, median(taken.map((one) => one.againMs))),
    },
  ];
}

/** Measures round trips with as many calls in progress as during the revocation. */
async function roundTripMs(client: Client): Promise<number> {
  const trips: number[] = [];
  const caller = async (): Promise<void> => {
    for (let call = 0; call < TRIPS; call += 1) {
      const begunMs = performance.now();
      await client.auth.whoAmI({});
      trips.push(performance.now() - begunMs);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  return median(trips);
}

async function untilRefusedMs(admin: Client, elsewhere: Client, jti: string): Promise<number> {
  const begunMs = performance.now();
  const revoked = admin.tokens.revokeTokens({ selection: tokensById([jti]) });
  const refusedMs = await Promise.any(Array.from({ length: AT_ONCE }, () => refusalMs(elsewhere)));
  await revoked;
  return refusedMs - begunMs;
}

/** Returns the time when a call was first refused because its token is not active. */
async function refusalMs(client: Client): Promise<number> {
  for (;;) {
    const error = await client.auth.whoAmI({}).then(
      () => undefined,
      (refused: unknown) => refused,
    );
    if (isAppError(error, 'TOKEN_NOT_ACTIVE')) return performance.now();
    if (error !== undefined) throw error;
  }
}
