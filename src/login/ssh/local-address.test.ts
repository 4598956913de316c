import { describe, expect, it } from 'vitest';
import { localAddressFor } from './local-address.ts';

const sources = Array.from({ length: 5_000 }, (_, at) => `2001:db8:${at.toString(16)}::/64`);

describe('the address that stands for a client', () => {
  it('is one of loopback that a host can have, and never one that other programs use', () => {
    const wrong = sources
      .map((source) => localAddressFor(source, '127.0.0.1') ?? 'none')
      .filter((address) => !/^127\.([1-9]\d*)\.\d+\.([1-9]\d*)$/.test(address) || /\.255$/.test(address));
    expect(wrong).toEqual([]);
  });

  it('is always the same for a client, and another for each', () => {
    const some = sources.slice(0, 500);
    const addresses = some.map((source) => localAddressFor(source, '127.0.0.1'));
    expect(new Set(addresses).size).toBe(some.length);
    expect(some.map((source) => localAddressFor(source, '127.0.0.1'))).toEqual(addresses);
  });

  it('is none where sshd does not listen on IPv4 loopback', () => {
    for (const host of ['::1', 'localhost', '192.0.2.1', '1270.example'])
      expect(localAddressFor('192.0.2.7', host)).toBeUndefined();
  });
});
