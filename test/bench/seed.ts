/**
 * The state of a large site, for a real daemon to start with, written directly to the database because
 * the store would take minutes. Tokens are from logins over SSH, since the daemon revokes tokens of
 * missing links when it starts; sessions have ended, since it ends those that no link knows.
 */
import { randomUUIDv7 } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { rowOf } from '../../src/authority/tokens/token-row.ts';
import { openStore } from '../../src/store/open.ts';
import type { SessionRow, TokenRow } from '../../src/store/schema.ts';
import { fillTable } from './tokens.ts';

export interface Site {
  readonly tokens: number;
  readonly logins: number;
  readonly sessions: number;
}

const FIRST_UID = 20_000;
const LIFETIME_SECONDS = 28_800;
const COMMANDS = [
  'make -j8',
  'python3 train.py --epochs 90',
  'bash',
  'octave --no-gui',
  'rsync -a data/ /scratch/',
];

/** Creates the state in `folder`; returns its path. */
export async function seed(folder: string, site: Site): Promise<string> {
  const state = join(folder, 'state');
  mkdirSync(state, { mode: 0o700 });
  const path = join(state, 'latchkey.db');
  await (await openStore({ url: `sqlite:${path}` }))[Symbol.asyncDispose](); // makes the tables
  fillTable(path, 'tokens', site.tokens, (index) => token(index, site));
  fillTable(path, 'sessions', site.sessions, (index) => session(index, site));
  return state;
}

/** Makes the row of one token: issued one after the other until now, for each login in turn. */
function token(index: number, { tokens, logins }: Site): TokenRow {
  const { login, uid } = person(index % logins);
  const iat = Math.floor(Date.now() / 1000 - ((tokens - index) / tokens) * (LIFETIME_SECONDS / 2));
  const claims = {
    sub: login,
    user: login,
    iss: 'seed',
    jti: randomUUIDv7(),
    iat,
    exp: iat + LIFETIME_SECONDS,
    authMethod: 'ssh' as const,
    hostname: 'host1',
    clientIp: `10.0.${(index >> 8) & 255}.${index & 255}`,
  };
  return rowOf(claims, uid);
}

function session(index: number, { sessions, logins }: Site): SessionRow {
  const { login, uid } = person((index * 7) % logins);
  const started_at = Date.now() - (sessions - index) * 1_000;
  return {
    id: randomUUIDv7(),
    login,
    linux_user: login,
    uid,
    jti: randomUUIDv7(),
    socket: null,
    command: JSON.stringify(COMMANDS[index % COMMANDS.length]?.split(' ')),
    directory: `/home/${login}`,
    state: 'ended',
    started_at,
    ended_at: started_at + 900,
    exit_status: index % 5 === 0 ? 1 : 0,
    cordoned_at: null,
    cordoned_by: null,
    cordon_message: null,
    readable_from: 0,
    started_by: null,
    terminal: null,
    oom_kills: null,
  };
}

function person(index: number): { login: string; uid: number } {
  return { login: `user${String(index).padStart(5, '0')}`, uid: FIRST_UID + index };
}
