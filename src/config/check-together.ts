/** What no single setting can tell: settings that do not go together, or not with the mode. */
import { BlockList, isIPv6 } from 'node:net';
import { describe, invalid, remedy } from './problem.ts';
import type { Config } from './shape.ts';

/** A Unix socket's path is at most 107 bytes (unix(7)). */
const LONGEST_SOCKET = 107;
/** A link's socket within the run folder, for the uid with the most digits. */
const LINK = '/links/4294967294.0123456789abcdef0123456789abcdef.sock';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/** Throws CONFIG_INVALID. */
export function checkTogether(config: Config): void {
  checkKey(config);
  checkListen(config);
  checkRun(config);
}

function checkKey({ tokens, entries }: Config): void {
  if (tokens.signingKey === undefined || tokens.secret === undefined) return;
  const { where } = entries['tokens.signing_key'];
  const other = entries['tokens.secret'].where;
  throw invalid(
    `${where}: tokens.signing_key is set, and so is tokens.secret (${other}); wanted one. Remove one`,
  );
}

/** Self mode serves its own user alone. */
function checkListen({ mode, api, entries }: Config): void {
  const { host } = api.listen;
  if (mode === 'system' || LOOPBACK.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')) return;
  const entry = entries['api.listen'];
  throw invalid(
    `${entry.where}: api.listen is ${describe(entry.raw)}; wanted a loopback address such as 127.0.0.1:7300, ` +
      `for a user's own daemon is for that user alone. ${remedy(entry)}, or run it as root or latchkey`,
  );
}

function checkRun({ paths, entries }: Config): void {
  const length = Buffer.byteLength(paths.run);
  const most = LONGEST_SOCKET - LINK.length;
  if (length <= most) return;
  throw invalid(
    `${entries['paths.run'].where}: paths.run is ${describe(paths.run)} of ${length} bytes; wanted at most ${most}, ` +
      "for a socket's path is short. Set a shorter paths.run (--run DIR)",
  );
}
