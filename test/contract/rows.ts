import type { LinkRow, SessionRow, TokenRow } from '../../src/store/schema.ts';

/** Makes a whitelist row. */
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

/** Makes the row of a link. */
export const linkRow = (socket: string, change: Partial<LinkRow> = {}): LinkRow => ({
  socket,
  uid: 1000,
  linux_user: 'alice',
  jti: `jti-${socket}`,
  daemon: 0,
  pid: 7,
  state: 'ready',
  version: '0.1.0',
  created_at: 1,
  login_settings: null,
  ...change,
});

/** Makes the row of a running session. */
export const sessionRow = (id: string, change: Partial<SessionRow> = {}): SessionRow => ({
  id,
  login: 'alice',
  linux_user: 'alice',
  uid: 1000,
  jti: 'j',
  socket: null,
  command: '["echo","100%"]',
  directory: '',
  state: 'running',
  started_at: 1,
  ended_at: null,
  exit_status: null,
  cordoned_at: null,
  cordoned_by: null,
  cordon_message: null,
  readable_from: 0,
  started_by: null,
  terminal: null,
  oom_kills: null,
  ...change,
});
