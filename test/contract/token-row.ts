import type { TokenRow } from '../../src/store/schema.ts';

/** A row of the whitelist to test with. */
export const tokenRow = (jti: string, change: Partial<TokenRow> = {}): TokenRow => ({
  jti,
  login: 'alice',
  linux_user: 'alice',
  uid: 1000,
  auth_method: 'link',
  issued_at: 1_790_000_000,
  expires_at: 1_790_028_800,
  client_ip: '127.0.0.1',
  hostname: 'Host_1',
  socket: null,
  daemon: 0,
  parent: null,
  claims: '{}',
  ...change,
});
