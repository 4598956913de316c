import { describe, expect, it } from 'vitest';
import { sumReceipts } from '../tui/effects/sum-receipts.ts';
import { Receipt, VerifiedBy } from './generated/latchkey/v1/token.ts';
import { mergeParts, type ReceiptPart, type RunningId, type Verifier } from './merge-receipts.ts';

const survivor = { pid: 7, linuxUser: 'alice', command: 'sleep' };
type Part = ReceiptPart<typeof survivor, RunningId>;

const byDaemon: Part = { processes: 1, verifiedBy: 'daemon' };
const byLink: Part = { processes: 2, verifiedBy: 'link' };
const unverified: Part = { processes: 3 };
const nothing: Part = { keptSessions: ['s'] };

const CASES: readonly [name: string, verifier: Verifier | undefined, ...parts: Part[]][] = [
  ['nobody where there is no process', undefined, nothing, nothing],
  ['the server where it has verified everything', 'daemon', byDaemon, nothing, byDaemon],
  ["the user's link where every part is its word", 'link', byLink, nothing, byLink],
  ["both as soon as one part is the link's word", 'both', byDaemon, byLink, byDaemon],
  ['both, too, for its word that there was no process', 'both', byDaemon, { ...byLink, processes: 0 }],
  ['both where both have looked', 'both', { processes: 1, verifiedBy: 'both' }, byDaemon],
  ['nobody as soon as one part is unverified', undefined, byDaemon, unverified],
  ['nobody where the link alone has verified the rest', undefined, unverified, byLink],
  ['nobody where an unverified process survives', undefined, byDaemon, { survivors: [survivor] }],
];

const WIRE = { daemon: VerifiedBy.DAEMON, link: VerifiedBy.LINK, both: VerifiedBy.BOTH };

function onWire({ verifiedBy, ...part }: Part): Receipt {
  return Receipt.fromPartial({ ...part, ...(verifiedBy && { verifiedBy: WIRE[verifiedBy] }) } as object);
}

describe('merged receipts are verified by', () => {
  it.each(CASES)('%s, in the server', (_name, verifier, ...parts) => {
    expect(mergeParts(parts).verifiedBy).toBe(verifier);
    const [first = {}, ...others] = parts;
    expect(mergeParts([first, mergeParts(others)]).verifiedBy).toBe(verifier); // in two steps
  });

  it.each(CASES)('%s, in the dashboard', (_name, verifier, ...parts) => {
    const { verifiedBy } = sumReceipts(parts.map(onWire), 0);
    expect(verifiedBy).toBe(verifier === undefined ? VerifiedBy.UNSPECIFIED : WIRE[verifier]);
  });
});

it('merged receipts list once what several parts name, and count every process', () => {
  const parts = [{ ...byDaemon, links: ['a'], sessions: ['1'] }, { ...byLink, links: ['a', 'b'] }, nothing];
  expect(mergeParts(parts)).toEqual({
    links: ['a', 'b'],
    sessions: ['1'],
    keptSessions: ['s'],
    processes: 3,
    survivors: [],
    stillRunning: [],
    stillRunningTotal: 0,
    verifiedBy: 'both',
  });
});

it('merged receipts list what still runs once, and not what a later part has ended', () => {
  const running = [{ sessionId: 's1' }, { sessionId: 's2' }, { sessionId: '', socket: 'a' }];
  const parts: Part[] = [
    { stillRunning: running, stillRunningTotal: 5 },
    { stillRunning: running.slice(0, 1), stillRunningTotal: 1 },
    { sessions: ['s2'], links: ['a'] },
  ];
  expect(mergeParts(parts)).toMatchObject({ stillRunning: [{ sessionId: 's1' }], stillRunningTotal: 3 });
});

it('a sum of previews is one only if every part is', () => {
  const preview = Receipt.fromPartial({ jtis: ['a'], validateOnly: true });
  expect(sumReceipts([preview, preview], 0)).toMatchObject({ jtis: ['a'], validateOnly: true });
  expect(sumReceipts([preview, Receipt.fromPartial({ jtis: ['b'] })], 0).validateOnly).toBe(false);
});
