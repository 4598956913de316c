/** "HOST[:PORT]" as people write it. */
import { AppError } from '../errors.ts';

export const DEFAULT_PORT = 7300;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Parses "host", "host:port", "[::1]:port" and a bare IPv6 address. USAGE for anything else. */
export function parseAddress(text: string): Address {
  const bracketed = /^\[([0-9a-f:.]+)\](?::(\d{1,5}))?$/i.exec(text);
  const plain = /^([^\s:[\]@/]+)(?::(\d{1,5}))?$/.exec(text);
  const bare = /^([0-9a-f]*:[0-9a-f:.]*:[0-9a-f:.]*)$/i.exec(text);
  const [, host, port] = bracketed ?? plain ?? bare ?? [];
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (host === undefined || host.startsWith('-') || number < 1 || number > 65_535) {
    throw new AppError('USAGE', `'${text}' is not HOST or HOST:PORT`);
  }
  return { host, port: number };
}

/** The address as one word; IPv6 in brackets. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
