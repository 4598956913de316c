import { describe, expect, it } from 'vitest';
import { dnsServer, type Lookup, searchDomains } from './dns-server.ts';

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

  it('is the address _latchkey where there is no SRV record', async () => {
    const lookup = records({}, { '_latchkey.a.example': ['192.0.2.7'] });
    expect(await dnsServer(['a.example'], lookup)).toBe('192.0.2.7:7300');
  });

  it('is none without records, and where the service is said not to be there', async () => {
    expect(await dnsServer(['a.example'], records({}))).toBeUndefined();
    const gone = [{ name: '.', port: 0, priority: 0, weight: 0 }];
    expect(await dnsServer(['a.example'], records({ '_latchkey._tcp.a.example': gone }))).toBeUndefined();
  });

  it('is looked for in the search domains of resolv.conf, the last line counting', () => {
    expect(searchDomains('domain old.example\nnameserver 192.0.2.1\nsearch A.example. b.example\n')).toEqual([
      'a.example',
      'b.example',
    ]);
    expect(searchDomains('search -x ../y\n')).toEqual([]);
  });
});
