/**
 * CPU cost of a call on a server that checks a token and writes a log line, compared with the same
 * response from plain grpc-js; one process with both servers, over several restarts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rpc } from '../../support/server/rpc.ts';
import { cpuMsOf } from '../cpu.ts';
import { H2load } from '../h2load.ts';
import { Child } from '../processes/child.ts';
import type { Answered, Ready } from '../processes/unary-server.ts';
import { type Comparison, compare } from '../report/compare.ts';
import { type Line, median } from '../report/line.ts';

const RESTARTS = 3;
const ROUNDS = 5;
const WARM_UP = 20_000;
const CALLS = 5_000;
const WHO_AM_I = '/latchkey.v1.AuthService/WhoAmI';
const OK = 0;
const UNAUTHENTICATED = 16;

export async function measure(folder: () => string): Promise<Line[]> {
  const restarts: Comparison[] = [];
  for (let restart = 0; restart < RESTARTS; restart += 1) restarts.push(await oneServer(folder()));
  const middle = (of: (comparison: Comparison) => number): number => median(restarts.map(of));
  return [
    {
      what: 'call with a token against bare grpc-js, server CPU',
      ours: `${middle(({ ours }) => ours).toFixed(0)} us`,
      other: `${middle(({ other }) => other).toFixed(0)} us`,
      ratio: 1 / middle(({ ratio }) => ratio),
      goal: 0.9,
      wanted: 'at least',
      spread: middle(({ spread }) => spread),
    },
  ];
}

async function oneServer(folder: string): Promise<Comparison> {
  await using server = await Child.start<Ready, Answered>('unary-server.ts', [folder]);
  const load = new H2load(folder);
  const { tokens, ...ports } = server.ready;
  /** Returns microseconds of CPU for each call. Throws unless every call succeeded. */
  const cost = async (which: 'api' | 'bare', calls = CALLS): Promise<number> => {
    const before = await server.ask({});
    const begunMs = cpuMsOf(server.pid);
    await load.load({ url: `https://127.0.0.1:${ports[which]}${WHO_AM_I}`, token: tokens.good, calls });
    const cpuMs = cpuMsOf(server.pid) - begunMs;
    const good = (await server.ask({}))[which] - before[which];
    if (good !== calls) throw new Error(`${good} of ${calls} calls were answered well (${which})`);
    return (cpuMs * 1000) / calls;
  };
  for (const which of ['api', 'bare'] as const) await cost(which, WARM_UP);
  await probe(folder, server.ready, () =>
    load.load({ url: `https://127.0.0.1:${ports.api}${WHO_AM_I}`, token: tokens.good, calls: CALLS }),
  );
  return await compare(
    ROUNDS,
    () => cost('api'),
    () => cost('bare'),
  );
}

/** Checks under load that each kind of token gets the right answer. */
async function probe(folder: string, { api, tokens }: Ready, work: () => Promise<void>): Promise<void> {
  using rpc = new Rpc({
    address: `127.0.0.1:${api}`,
    ca: readFileSync(join(folder, 'pki', 'ca.pem'), 'utf8'),
  });
  const [head = '', body = '', signature = ''] = tokens.good.split('.');
  const tampered = [
    head,
    body,
    signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`,
  ].join('.');
  const expected = [
    { what: 'good', token: tokens.good, code: OK },
    { what: 'tampered', token: tampered, code: UNAUTHENTICATED },
    { what: 'missing', token: undefined, code: UNAUTHENTICATED },
    { what: 'revoked', token: tokens.revoked, code: UNAUTHENTICATED },
  ];
  let working = true;
  const worked = work().finally(() => {
    working = false;
  });
  let rounds = 0;
  for (; working; rounds += 1) {
    for (const { what, token, code } of expected) {
      const answer = await rpc.unary(WHO_AM_I, Buffer.alloc(0), token);
      if (answer.code !== code) throw new Error(`a ${what} token was answered ${answer.code} under load`);
    }
  }
  await worked;
  if (rounds < 2) throw new Error('the load was over before it was looked at');
}
