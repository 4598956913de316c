/**
 * Links of many users in one process: they do the handshake of a link and run nothing. Root changes its
 * effective uid while it creates a connection or a socket, as test/support/server/person-process.ts does
 * once.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RegisterLinkRequest } from '../../../src/generated/latchkey/v1/link.ts';
import { BareLink } from '../../support/link/bare-link.ts';
import { Rpc } from '../../support/server/rpc.ts';

/** Links to register, each of the next user. */
export interface LinksWanted {
  readonly links: number;
}

/** Ids of the tokens that were issued for them. */
export type Registered = readonly string[];

const REGISTER = '/latchkey.v1.LinkService/RegisterLink';
const AT_ONCE = 8;

const [runFolder = '', ...uids] = process.argv.slice(2);
const server = JSON.parse(readFileSync(join(runFolder, 'server.json'), 'utf8')) as {
  address: string;
  ca: string;
};
const users: { uid: number; rpc: Rpc }[] = [];
let next = 0;

function become(uid: number): void {
  process.seteuid?.(0);
  process.setegid?.(uid);
  process.seteuid?.(uid);
}

/**
 * Connects as `uid`, before any other user's turn: the server takes the creator of the connection for the
 * caller.
 */
async function connect(uid: number): Promise<void> {
  become(uid);
  const rpc = new Rpc(server);
  await rpc.unary('/latchkey.v1.AuthService/ListMethods');
  users.push({ uid, rpc });
}

async function register(): Promise<string> {
  const user = users[next++ % users.length];
  if (user === undefined) throw new Error('there are no users');
  become(user.uid);
  const link = await BareLink.listen(join(runFolder, 'links'), user.uid); // binds at once
  const request = RegisterLinkRequest.encode({ socket: link.name, daemon: false, sessionId: '' }).finish();
  const { code, message } = await user.rpc.unary(REGISTER, request);
  if (code !== 0) throw new Error(`a link of ${user.uid} was refused: ${message}`);
  return link.jti;
}

async function obey({ links }: LinksWanted): Promise<Registered> {
  const jtis: string[] = [];
  let left = links;
  const lane = async (): Promise<void> => {
    while (left-- > 0) jtis.push(await register());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return jtis;
}

process.setgroups?.([]);
process.umask(0o007);
for (const uid of uids) await connect(Number(uid));
process.on('message', (wanted: LinksWanted) => void obey(wanted).then((jtis) => process.send?.(jtis)));
process.on('disconnect', () => process.exit());
process.send?.('ready');
