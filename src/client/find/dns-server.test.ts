import type { SrvRecord } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { chooseRecord, dnsServer, type Lookup, searchDomains } from './dns-server.ts';

/** DNS with these records and no others. */
function records(
  srv: Record<string, { name: string; port: number; priority: number; weight: number }[]>,
  a: Record<string, string[]> = {},
): Lookup {
  const nothing = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  return {
    resolveSrv: async (name: string) => srv[name] ?? Promise.reject(nothing),
    resolve4: (async (name: string) => a[name] ?? Promise.reject(nothing)) as Lookup['resolve4'],
  };
}

describe('a server that DNS names (N1)', () => {
  it('is that of the SRV record with the lowest priority', async () => {
    const lookup = records({
      '_latchkey._tcp.b.example': [
        { name: 'second.b.example', port: 1, priority: 2, weight: 9 },
        { name: 'First.b.example.', port: 7400, priority: 1, weight: 0 },
      ],
    });
    expect(await dnsServer(['a.example', 'b.example'], lookup)).toBe('first.b.example:7400');
  });

  it('is chosen at random among those with the lowest priority', async () => {
    const first = record('first', 1, 60);
    const second = record('second', 1, 40);
    const later = record('later', 2, 900);
    const lookup = records({ '_latchkey._tcp.a.example': [later, first, second] });
    const by = (number: number) => dnsServer(['a.example'], lookup, (below) => Math.min(number, below - 1));
    expect(await Promise.all([0, 60, 61, 1000].map(by))).toEqual([
      'first:7300',
      'first:7300',
      'second:7300',
      'second:7300',
    ]);
  });

  it('is the address _latchkey without an SRV record', async () => {
    const lookup = records({}, { '_latchkey.a.example': ['192.0.2.7'] });
    expect(await dnsServer(['a.example'], lookup)).toBe('192.0.2.7:7300');
  });

  it('is none without records, or with an SRV record for "."', async () => {
    expect(await dnsServer(['a.example'], records({}))).toBeUndefined();
    const gone = [{ name: '.', port: 0, priority: 0, weight: 0 }];
    expect(await dnsServer(['a.example'], records({ '_latchkey._tcp.a.example': gone }))).toBeUndefined();
  });

  it('is searched in the search domains of resolv.conf, of which the last line counts', () => {
    expect(searchDomains('domain old.example\nnameserver 192.0.2.1\nsearch A.example. b.example\n')).toEqual([
      'a.example',
      'b.example',
    ]);
    expect(searchDomains('search -x ../y\n')).toEqual([]);
    expect(searchDomains('search a b c d e f g h')).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

function record(name: string, priority: number, weight: number): SrvRecord {
  return { name, port: 7300, priority, weight };
}

describe('records of one priority (RFC 2782)', () => {
  /** Counts the random numbers that lead to each record. */
  function numbersFor(...weights: number[]): number[] {
    const all = weights.map((weight, at) => record(`${at}`, 5, weight));
    const numbers = Array.from({ length: weights.reduce((sum, weight) => sum + weight, 1) }, (_, at) => at);
    const chosen = numbers.map((number) =>
      chooseRecord([...all, record('other', 6, 100)], (below) => {
        expect(below).toBe(numbers.length);
        return number;
      }),
    );
    return all.map(({ name }) => chosen.filter((one) => one?.name === name).length);
  }

  it('are chosen in proportion to their weights, the first with one number more', () => {
    expect(numbersFor(60, 30, 10)).toEqual([61, 30, 10]);
    expect(numbersFor(1, 1, 1)).toEqual([2, 1, 1]);
  });

  it('have one number when their weight is 0, wherever they are listed', () => {
    expect(numbersFor(60, 0, 40)).toEqual([60, 1, 40]);
    expect(numbersFor(0, 65_535)).toEqual([1, 65_535]);
  });

  it('are the first one when all weights are 0, and none without records', () => {
    expect(numbersFor(0, 0)).toEqual([1, 0]);
    expect(numbersFor(0)).toEqual([1]);
    expect(chooseRecord([], () => 0)).toBeUndefined();
  });
});
