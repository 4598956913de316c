import { AppError } from '../../errors.ts';

/** How long tokens live, in seconds: by method, and otherwise. */
export interface LifetimeSettings {
  readonly lifetimeSeconds: number;
  readonly lifetimes: Readonly<Record<string, number>>;
}

/** What may end a token before its method's lifetime does, in seconds since 1970. */
export interface Bounds {
  readonly parentSeconds?: number | undefined;
  readonly wantedSeconds?: number | undefined;
}

/** The longest that any method's tokens live. */
export function longestLifetime({ lifetimeSeconds, lifetimes }: LifetimeSettings): number {
  return Math.max(lifetimeSeconds, ...Object.values(lifetimes));
}

/**
 * When a token that is made now ends, in seconds since 1970. Throws TOKEN_NOT_ACTIVE when its
 * parent is over, INVALID_ARGUMENT when the wanted end is not in the future.
 */
export function expiryFor(
  settings: LifetimeSettings,
  authMethod: string,
  nowSeconds: number,
  { parentSeconds = Number.POSITIVE_INFINITY, wantedSeconds = Number.POSITIVE_INFINITY }: Bounds,
): number {
  if (parentSeconds <= nowSeconds)
    throw new AppError('TOKEN_NOT_ACTIVE', 'the token it is made from is over');
  if (wantedSeconds <= nowSeconds)
    throw new AppError('INVALID_ARGUMENT', 'a token cannot end before it begins');
  const lifetime = Object.hasOwn(settings.lifetimes, authMethod) ? settings.lifetimes[authMethod] : undefined;
  return Math.min(nowSeconds + (lifetime ?? settings.lifetimeSeconds), parentSeconds, wantedSeconds);
}
