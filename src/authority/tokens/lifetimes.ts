import { AppError } from '../../errors.ts';

/** Lifetime of tokens in seconds: by login method, and for all others. */
export interface LifetimeSettings {
  readonly lifetimeSeconds: number;
  readonly lifetimes: Readonly<Record<string, number>>;
}

/** Times that a token must not outlive, besides its method's lifetime, in seconds since 1970. */
export interface Bounds {
  readonly parentSeconds?: number | undefined;
  readonly wantedSeconds?: number | undefined;
}

/** Returns the longest lifetime of any method, in seconds. */
export function longestLifetime({ lifetimeSeconds, lifetimes }: LifetimeSettings): number {
  return Math.max(lifetimeSeconds, ...Object.values(lifetimes));
}

/**
 * Returns the expiry of a token issued now, in seconds since 1970. Throws TOKEN_NOT_ACTIVE when its
 * parent has expired, INVALID_ARGUMENT when the wanted expiry is not in the future.
 */
export function expiryFor(
  settings: LifetimeSettings,
  authMethod: string,
  nowSeconds: number,
  { parentSeconds = Number.POSITIVE_INFINITY, wantedSeconds = Number.POSITIVE_INFINITY }: Bounds,
): number {
  if (parentSeconds <= nowSeconds) throw new AppError('TOKEN_NOT_ACTIVE', 'the parent token has expired');
  if (wantedSeconds <= nowSeconds) throw new AppError('INVALID_ARGUMENT', 'the expiry must be in the future');
  const lifetime = Object.hasOwn(settings.lifetimes, authMethod) ? settings.lifetimes[authMethod] : undefined;
  return Math.min(nowSeconds + (lifetime ?? settings.lifetimeSeconds), parentSeconds, wantedSeconds);
}
