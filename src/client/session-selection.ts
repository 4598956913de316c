/** The sessions that EndSession is to end. */
import type { EndSessionRequest } from '../generated/latchkey/v1/session.ts';

type Selection = NonNullable<EndSessionRequest['selection']>;

export function sessionsById(ids: readonly string[]): Selection {
  return { $case: 'sessions', value: { ids: [...ids] } };
}

export function sessionsOfLogin(login: string): Selection {
  return { $case: 'login', value: login };
}
