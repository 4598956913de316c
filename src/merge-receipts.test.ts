import { describe, expect, it } from 'vitest';
import { sumReceipts } from '../tui/effects/sum-receipts.ts';
import { Receipt, VerifiedBy } from './generated/latchkey/v1/token.ts';
import type { ReceiptPart, Verifier } from './merge-receipts.ts';
import { receiptOf } from './revocation/receipt.ts';

const survivor = { pid: 7, linuxUser: 'alice', command: 'sleep' };
type Part = ReceiptPart<typeof survivor>;

const byDaemon: Part = { processes: 1, verifiedBy: 'daemon' };
const byLink: Part = { processes: 2, verifiedBy: 'link' };
const unverified: Part = { processes: 3 };
const nothing: Part = { keptSessions: ['s'] };

const CASES: readonly [name: string, verifier: Verifier | undefined, ...parts: Part[]][] = [
  ['nobody where there is no process', undefined, nothing, nothing],
  ['the server where it has verified everything', 'daemon', byDaemon, nothing, byDaemon],
  ["the user's link as soon as one part is its word", 'link', byDaemon, byLink, byDaemon],
  ['the link, too, for its word that there was no process', 'link', byDaemon, { ...byLink, processes: 0 }],
  ['nobody as soon as one part is unverified', undefined, byDaemon, unverified],
  ['nobody where the link alone has verified the rest', undefined, unverified, byLink],
  ['nobody where an unverified process survives', undefined, byDaemon, { survivors: [survivor] }],
];

const WIRE = { daemon: VerifiedBy.DAEMON, link: VerifiedBy.LINK };

function onWire({ verifiedBy, ...part }: Part): Receipt {
  return Receipt.fromPartial({ ...part, ...(verifiedBy && { verifiedBy: WIRE[verifiedBy] }) } as object);
}

describe('merged receipts are verified by', () => {
  it.each(CASES)('%s, in the server', (_name, verifier, ...parts) => {
    expect(receiptOf([], parts, 0).verifiedBy).toBe(verifier);
    const [first = {}, ...others] = parts;
    expect(receiptOf([], [first, receiptOf([], others, 0)], 0).verifiedBy).toBe(verifier); // in two steps
  });

  it.each(CASES)('%s, in the dashboard', (_name, verifier, ...parts) => {
    const { verifiedBy } = sumReceipts(parts.map(onWire), 0);
    expect(verifiedBy).toBe(verifier === undefined ? VerifiedBy.UNSPECIFIED : WIRE[verifier]);
  });
});

it('merged receipts list once what several parts name, and count every process', () => {
  const parts = [{ ...byDaemon, links: ['a'], sessions: ['1'] }, { ...byLink, links: ['a', 'b'] }, nothing];
  expect(receiptOf(['t'], parts, 5)).toEqual({
    jtis: ['t'],
    links: ['a', 'b'],
    sessions: ['1'],
    keptSessions: ['s'],
    processes: 3,
    survivors: [],
    verifiedBy: 'link',
    milliseconds: 5,
  });
});

it('a sum of previews is one only if every part is', () => {
  const preview = Receipt.fromPartial({ jtis: ['a'], validateOnly: true });
  expect(sumReceipts([preview, preview], 0)).toMatchObject({ jtis: ['a'], validateOnly: true });
  expect(sumReceipts([preview, Receipt.fromPartial({ jtis: ['b'] })], 0).validateOnly).toBe(false);
});
