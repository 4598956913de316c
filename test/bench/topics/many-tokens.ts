/**
 * CPU cost of a call on a server with a million live tokens, compared with one that has a thousand, for
 * calls with a thousand tokens in a Zipf distribution; several restarts of each server.
 */
import { connect } from 'node:http2';
import { cpuMsOf } from '../cpu.ts';
import { Child } from '../processes/child.ts';
import type { Ready } from '../processes/many-tokens-server.ts';
import { type Comparison, compare } from '../report/compare.ts';
import { type Line, median } from '../report/line.ts';
import { fillTokens } from '../tokens.ts';

const RESTARTS = 3;
const ROUNDS = 5;
const MANY = 1_000_000;
const FEW = 1_000;
const ASKED = 1_000;
const WARM_UP = 10_000;
const CALLS = 4_000;
const AT_ONCE = 32;

export async function measure(folder: () => string): Promise<Line[]> {
  const many = folder();
  const few = folder();
  await fillTokens(many, MANY, 'test.db');
  await fillTokens(few, FEW, 'test.db');
  const restarts: Comparison[] = [];
  for (let restart = 0; restart < RESTARTS; restart += 1) restarts.push(await oneStart(many, few));
  const middle = (of: (comparison: Comparison) => number): number => median(restarts.map(of));
  return [
    {
      what: 'call of many tokens, 1,000,000 live against 1,000, server CPU',
      ours: `${middle(({ ours }) => ours).toFixed(0)} us`,
      other: `${middle(({ other }) => other).toFixed(0)} us`,
      ratio: 1 / middle(({ ratio }) => ratio),
      goal: 0.95,
      wanted: 'at least',
      spread: middle(({ spread }) => spread),
    },
  ];
}

async function oneStart(many: string, few: string): Promise<Comparison> {
  await using large = await Child.start<Ready, number>('many-tokens-server.ts', [many, `${ASKED}`]);
  await using small = await Child.start<Ready, number>('many-tokens-server.ts', [few, `${ASKED}`]);
  for (const server of [large, small]) await cost(server, WARM_UP);
  return await compare(
    ROUNDS,
    () => cost(large, CALLS),
    () => cost(small, CALLS),
  );
}

/** Returns microseconds of CPU for each call. Throws unless every call succeeded. */
async function cost(server: Child<Ready, number>, calls: number): Promise<number> {
  const before = await server.ask({});
  const begunMs = cpuMsOf(server.pid);
  await load(server.ready, calls);
  const cpuMs = cpuMsOf(server.pid) - begunMs;
  const good = (await server.ask({})) - before;
  if (good !== calls) throw new Error(`${good} of ${calls} calls were answered well`);
  return (cpuMs * 1000) / calls;
}

/** Makes calls with a different token each, which h2load cannot. */
async function load({ api, tokens }: Ready, calls: number): Promise<void> {
  const session = connect(`https://localhost:${api}`, { rejectUnauthorized: false });
  const call = (token: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': '/latchkey.v1.AuthService/WhoAmI',
        'content-type': 'application/grpc',
        te: 'trailers',
        authorization: `Bearer ${token}`,
      });
      stream.once('error', reject).once('close', resolve).resume();
      stream.end(Buffer.alloc(5));
    });
  let left = calls;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await call(tokens[zipf(tokens.length)] ?? '');
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  session.close();
}

/** Returns an index below `count`, the n-th with about 1/n the frequency of the first. */
function zipf(count: number): number {
  return Math.floor(count ** Math.random()) - 1;
}
