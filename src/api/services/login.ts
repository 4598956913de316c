/** The Login call: one login conversation over one bidirectional stream. */
import { AppError, invalidField } from '../../errors.ts';
import {
  type LoginBegin,
  LoginPurpose,
  type LoginRequest,
  type LoginResponse,
} from '../../generated/latchkey/v1/auth.ts';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import type { Conversations, Turn } from '../../login/conversation.ts';
import type { Answers, LoginOrigin } from '../../login/method.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import type { TokenClaims } from '../../token/claims.ts';
import { enumWord } from '../../values/enum-word.ts';
import type { Caller, PublicCaller } from '../pipeline/caller.ts';
import { sourceOf } from '../transport/connections.ts';
import { tokenMessage } from './to-proto.ts';

export interface LoginDeps {
  readonly logins: Pick<Conversations, 'begin'>;
  readonly revocation: Pick<Revocation, 'revoke'>;
}

/**
 * Yields the prompts and notices of a login, then its token. Throws when the login fails. Revokes the
 * token when the client disconnects before it is sent.
 */
export async function* login(
  { logins, revocation }: LoginDeps,
  requests: AsyncIterable<LoginRequest>,
  caller: PublicCaller,
): AsyncGenerator<LoginResponse> {
  const incoming = requests[Symbol.asyncIterator]();
  const begin = await firstRequest(incoming);
  const starts = await startsFor(begin, caller);
  const { peer, signal } = caller;
  let undelivered: string | undefined;
  const conversation = logins.begin({
    method: enumWord(AuthMethod, begin.method),
    username: begin.username || (starts?.user ?? ''),
    origin: await loginOriginOf(peer),
    signal,
    ...(starts !== undefined && { starts }),
  });
  try {
    let step = await conversation.next();
    while (!step.done) {
      yield { challenge: challengeOf(step.value) };
      step = await conversation.next(step.value.kind === 'prompts' ? await answersOf(incoming) : []);
    }
    const { token, claims } = step.value;
    undelivered = claims.jti;
    yield { challenge: { $case: 'done', value: { token, claims: tokenMessage(claims, claims.jti) } } };
    if (!signal.aborted) undelivered = undefined;
  } finally {
    if (undelivered !== undefined) await revocation.revoke({ jtis: [undelivered] }, 'revoked');
    await conversation.return(undefined as never);
  }
}

async function firstRequest(incoming: AsyncIterator<LoginRequest>): Promise<LoginBegin> {
  const { value } = await incoming.next();
  if (value?.request?.$case !== 'begin') throw invalidField('begin', 'must be set in the first message');
  const begin: LoginBegin = value.request.value;
  return begin;
}

/** Returns the claims of the token that a link daemon is to be started for, if that is the purpose. */
async function startsFor({ purpose }: LoginBegin, caller: PublicCaller): Promise<TokenClaims | undefined> {
  if (purpose === LoginPurpose.LOGIN) return undefined;
  if (purpose !== LoginPurpose.START)
    throw invalidField('begin.purpose', 'must be LOGIN_PURPOSE_LOGIN or LOGIN_PURPOSE_START');
  return (await caller.identify()).claims;
}

async function answersOf(incoming: AsyncIterator<LoginRequest>): Promise<Answers> {
  const { done, value } = await incoming.next();
  if (done) throw new AppError('CANCELLED', 'the client ended the stream before it answered');
  if (value.request?.$case !== 'answers') throw invalidField('answers', 'must be set after prompts');
  return value.request.value.texts;
}

/** Callers on this host share an address, so failed logins are counted by the uid that the kernel reports. */
async function loginOriginOf(peer: Caller['peer']): Promise<LoginOrigin> {
  const { address } = peer;
  const uid = await peer.uid();
  return { address, source: uid === undefined ? sourceOf(address) : `uid ${uid}` };
}

function challengeOf(turn: Turn): LoginResponse['challenge'] {
  if (turn.kind === 'notice') return { $case: 'notice', value: { text: turn.text } };
  const { name, instruction, prompts, again } = turn;
  return { $case: 'prompts', value: { name, instruction, prompts: [...prompts], again } };
}
