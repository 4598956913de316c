import { describe, expect, it } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import { AppError } from '../../errors.ts';
import type { OutputPiece } from '../../supervisor/connection/output-reader.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { Reading } from './reading.ts';
import { SessionClients } from './session-clients.ts';
import { Terminals } from './terminals.ts';

const claims = { sub: 'alice', jti: 'j' } as TokenClaims;
const terminals = new Terminals({ records: {} as never, links: {} as never });
const cordoned = new AppError('SESSION_CORDONED', 'cordoned');

/** A link whose sessions have printed `pieces`. */
function linksWith(pieces: readonly OutputPiece[]) {
  const link = {
    read: async function* () {
      yield* pieces;
      return {};
    },
  };
  return { forUid: () => link, forSocket: () => link, isKnown: () => true } as never;
}

function piece(offset: number, text: string): OutputPiece {
  return { offset, stream: 'stdout', data: Buffer.from(text) };
}

describe('reading output', () => {
  it('is refused to a reader that was allowed just before the session was cordoned', async () => {
    const clients = new SessionClients();
    let isCordoned = false;
    const own = async () => {
      if (isCordoned) throw cordoned;
      isCordoned = true;
      clients.cut('s1', cordoned);
      return sessionRow('s1');
    };
    const reading = new Reading({
      visible: { own },
      clients,
      terminals,
      records: { attach: () => () => {} },
      links: linksWith([piece(0, 'secret')]),
    });
    const request = { claims, sessionId: 's1', offset: 0, end: () => {} };
    await expect(reading.readOutput({ ...request, follow: true }).next()).rejects.toBe(cordoned);
    isCordoned = false;
    await expect(reading.attach(request)).rejects.toBe(cordoned);
    expect(clients.count('s1')).toBe(0);
  });

  it('begins where its owner may read, whatever offset is asked for', async () => {
    const row = sessionRow('s1', { readable_from: 7, socket: 'x' });
    const read = async (offset: number): Promise<[number, string][]> => {
      const reading = new Reading({
        visible: { own: async () => row },
        clients: new SessionClients(),
        terminals,
        records: { attach: () => () => {} },
        links: linksWith([piece(0, 'abc'), piece(3, 'defghi'), piece(9, 'jk')]),
      });
      const found: [number, string][] = [];
      const all = reading.readOutput({ claims, sessionId: 's1', offset, follow: false });
      for await (const { offset: at, data } of all) found.push([at, data.toString()]);
      return found;
    };
    expect(await read(-1 - 100)).toEqual([
      [7, 'hi'],
      [9, 'jk'],
    ]);
    for (const offset of [0, 6])
      await expect(read(offset)).rejects.toMatchObject({
        reason: 'OUTPUT_DROPPED',
        details: { firstOffset: '7' },
      });
    expect(await read(7)).toHaveLength(3); // the link sends from there on
  });
});
