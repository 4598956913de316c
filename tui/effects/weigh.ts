/** Counts what hangs on what is to be ended, as the server has it now. */
import { LARGEST_PAGE, pages } from '../../src/async/pages.ts';
import type { Client } from '../../src/client/connect/connect.ts';
import { type Session, SessionState } from '../../src/generated/latchkey/v1/session.ts';
import type { Token } from '../../src/generated/latchkey/v1/token.ts';
import type { Ending, Target } from '../screen.ts';
import type { Weight } from '../state/state.ts';

/**
 * The tokens that go, those made from them included, their links, and the sessions that run with any of
 * it.
 */
export async function weigh(
  client: Client,
  { endsTokensBy }: Ending,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<Weight> {
  const ids = new Set(targets.map(({ id }) => id));
  const logins = new Set(targets.map(({ login }) => login));
  const [only] = logins;
  const login = logins.size === 1 && only !== undefined ? only : '';
  const meant = (token: Token): boolean => endsTokensBy !== undefined && ids.has(token[endsTokensBy]);
  const { jtis, sockets } = await tokensOf(client, login, meant, signal);
  if (endsTokensBy === 'socket') for (const id of ids) sockets.add(id);
  const { endsSessions } = await client.system.getInfo({}, { signal });
  const isHung = ({ jti, socket }: Session): boolean => jtis.has(jti) || sockets.has(socket);
  return {
    tokens: jtis.size,
    links: sockets.size,
    sessions: await countSessions(client, login, isHung, signal),
    endsSessions,
  };
}

interface Going {
  readonly jtis: Set<string>;
  readonly sockets: Set<string>;
}

async function tokensOf(
  client: Client,
  login: string,
  meant: (token: Token) => boolean,
  signal: AbortSignal,
): Promise<Going> {
  const going: Going = { jtis: new Set(), sockets: new Set() };
  const children = new Map<string, Token[]>();
  const take = (token: Token): void => {
    if (going.jtis.has(token.jti)) return;
    going.jtis.add(token.jti);
    if (token.socket !== '') going.sockets.add(token.socket);
    for (const child of children.get(token.jti) ?? []) take(child);
  };
  const meantOnes: Token[] = [];
  const ask = { filter: { login }, pageSize: LARGEST_PAGE };
  for await (const { tokens } of pages((pageToken) =>
    client.tokens.listTokens({ ...ask, pageToken }, { signal }),
  ))
    for (const token of tokens) {
      if (token.parentJti !== '')
        children.set(token.parentJti, [...(children.get(token.parentJti) ?? []), token]);
      if (meant(token)) meantOnes.push(token);
    }
  for (const token of meantOnes) take(token);
  return going;
}

async function countSessions(
  client: Client,
  login: string,
  isHung: (session: Session) => boolean,
  signal: AbortSignal,
): Promise<number> {
  let found = 0;
  const ask = { filter: { login, state: SessionState.RUNNING }, pageSize: LARGEST_PAGE };
  for await (const { sessions } of pages((pageToken) =>
    client.sessions.listSessions({ ...ask, pageToken }, { signal }),
  ))
    found += sessions.filter(isHung).length;
  return found;
}
