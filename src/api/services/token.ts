/**
 * TokenService: users see and revoke their own tokens; managers everyone's, but may not revoke
 * administrators'.
 */
import { seesAll } from '../../accounts/roles.ts';
import type { Authority, TokenChange } from '../../authority/authority.ts';
import { AppError, invalidField, isAppError, type Reason } from '../../errors.ts';
import { ErrorReason } from '../../generated/latchkey/v1/error.ts';
import {
  AuthMethod,
  type RevokeTokensRequest,
  TokenFilter,
  TokenServiceDefinition,
  type VerifyTokenResponse,
  type WatchTokensRequest,
  type WatchTokensResponse,
} from '../../generated/latchkey/v1/token.ts';
import type { Tokens } from '../../revocation/revocation.ts';
import { checkFilter, type Page } from '../../store/page.ts';
import { matchesText } from '../../store/text-in.ts';
import type { TokenClaims } from '../../token/claims.ts';
import type { AuthMethodName } from '../../values/auth-method.ts';
import type { KnownCaller } from '../pipeline/caller.ts';
import { type ServedMethod, serve } from '../pipeline/methods.ts';
import { watch } from '../pipeline/watch.ts';
import { endOrPreview, type RevocationDeps } from './end-or-preview.ts';
import { filterWord, loginMessage, tokenMessage } from './to-proto.ts';

export interface TokenDeps {
  readonly authority: Pick<Authority, 'list' | 'listLogins' | 'get' | 'verify' | 'changes'>;
  readonly revocation: RevocationDeps;
}

/** Most tokens that one call may revoke by id; the longest page of a listing, too. */
const MAX_JTIS = 1000;
/** The page of a caller who may see nothing of what the filter asks for. */
const NOTHING: Page<never> = { items: [], nextPageToken: '', total: 0 };

export function tokenService(deps: TokenDeps): ServedMethod[] {
  const { authority } = deps;
  return serve(TokenServiceDefinition, {
    listTokens: async ({ filter, ...query }, caller) => {
      const own = ownFilter(filter, caller);
      const page = own === undefined ? NOTHING : await authority.list({ ...query, ...own });
      const tokens = page.items.map((claims) => tokenMessage(claims, caller.claims.jti));
      return { tokens, nextPageToken: page.nextPageToken, totalSize: page.total };
    },
    listLogins: async ({ filter, ...query }, caller) => {
      const own = ownFilter(filter, caller);
      const page = own === undefined ? NOTHING : await authority.listLogins({ ...query, ...own });
      const logins = page.items.map(loginMessage);
      return { logins, nextPageToken: page.nextPageToken, totalSize: page.total };
    },
    getToken: async ({ jti }, caller) => {
      const claims = await visible(deps, jti, caller);
      if (claims === undefined) throw new AppError('NOT_FOUND', 'there is no such token');
      return { token: tokenMessage(claims, caller.claims.jti) };
    },
    revokeTokens: async (request, caller) =>
      endOrPreview(deps.revocation, request, selectionOf(request), caller),
    watchTokens: (request, caller) => watchTokens(deps, request, caller),
    verifyToken: ({ token }, caller) => verify(deps, token, caller),
  });
}

interface OwnFilter {
  readonly login: string;
  readonly text: string;
  readonly authMethod?: AuthMethodName;
}

/**
 * Returns the store's filter, narrowed to the caller's own tokens unless the caller sees all; undefined when
 * the caller sees none of those asked for. Throws INVALID_ARGUMENT.
 */
function ownFilter(
  { login, authMethod, text }: TokenFilter = TokenFilter.create(),
  caller: KnownCaller,
): OwnFilter | undefined {
  const method = filterWord(AuthMethod, authMethod, 'filter.auth_method');
  const filter = { login, text, ...(method !== undefined && { authMethod: method }) };
  const { sub } = caller.claims;
  if (seesAll(caller)) return filter;
  return login === '' || login === sub ? { ...filter, login: sub } : undefined;
}

async function visible(
  { authority }: TokenDeps,
  jti: string,
  caller: KnownCaller,
): Promise<TokenClaims | undefined> {
  const claims = await authority.get(jti);
  return claims !== undefined && (seesAll(caller) || claims.sub === caller.claims.sub) ? claims : undefined;
}

/** Returns the tokens that the request selects. Throws INVALID_ARGUMENT. */
function selectionOf({
  selection,
  endSessions,
}: RevokeTokensRequest): Tokens & { readonly endSessions: boolean } {
  if (selection === undefined) throw invalidField('selection', 'set either tokens or login');
  if (selection.$case === 'login') {
    if (selection.value === '') throw invalidField('login', 'must not be empty');
    return { login: selection.value, endSessions };
  }
  const { jtis } = selection.value;
  if (jtis.length === 0 || jtis.length > MAX_JTIS)
    throw invalidField('tokens.jtis', `must be 1 to ${MAX_JTIS} ids`);
  return { jtis, endSessions };
}

async function* watchTokens(
  { authority }: TokenDeps,
  { filter, changesOnly }: WatchTokensRequest,
  caller: KnownCaller,
): AsyncGenerator<WatchTokensResponse> {
  const own = ownFilter(filter, caller);
  checkFilter(filter ?? {});
  const present = (claims: TokenClaims): WatchTokensResponse => ({
    event: { $case: 'token', value: tokenMessage(claims, caller.claims.jti) },
  });
  yield* watch<TokenClaims, TokenChange, WatchTokensResponse>({
    changes: authority.changes,
    changesOnly,
    signal: caller.signal,
    page: async (pageSize, pageToken) =>
      own === undefined ? NOTHING : authority.list({ ...own, pageSize, pageToken }),
    present,
    done: { event: { $case: 'snapshotDone', value: {} } },
    changed: ({ kind, claims }) => {
      if (own === undefined || !matchesFilter(own, claims)) return undefined;
      return kind === 'removed' ? { event: { $case: 'removedJti', value: claims.jti } } : present(claims);
    },
  });
}

/** Applies the store's filter to one token. */
function matchesFilter({ login, authMethod, text }: OwnFilter, claims: TokenClaims): boolean {
  if (login !== '' && login !== claims.sub) return false;
  if (authMethod !== undefined && authMethod !== claims.authMethod) return false;
  return matchesText(text, [claims.sub, claims.user, claims.hostname, claims.clientIp, claims.jti]);
}

/** The reasons with which a call with an unusable token fails. */
const REFUSALS: Partial<Record<Reason, ErrorReason>> = {
  TOKEN_INVALID: ErrorReason.TOKEN_INVALID,
  TOKEN_EXPIRED: ErrorReason.TOKEN_EXPIRED,
  TOKEN_NOT_ACTIVE: ErrorReason.TOKEN_NOT_ACTIVE,
};

async function verify(
  { authority }: TokenDeps,
  token: string,
  caller: KnownCaller,
): Promise<VerifyTokenResponse> {
  try {
    const claims = await authority.verify(token);
    const told = tokenMessage(claims, caller.claims.jti);
    return { active: true, token: told, reason: ErrorReason.UNSPECIFIED };
  } catch (error) {
    const reason = isAppError(error) ? REFUSALS[error.reason] : undefined;
    if (reason === undefined) throw error;
    return { active: false, token: undefined, reason };
  }
}
