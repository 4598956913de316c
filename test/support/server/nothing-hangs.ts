/** Links and sessions for a revocation in a test that is about tokens alone. */
import { AppError } from '../../../src/errors.ts';
import type { RevocationOptions } from '../../../src/revocation/revocation.ts';

const OVER = { isOver: true, processes: 0, survivors: [] };

/**
 * No token has a link or a session, and none is missed: every token of a link counts as one that is
 * there.
 */
export function nothingHangs(): Pick<RevocationOptions, 'links' | 'sessions'> {
  return {
    links: {
      get: () => notFound('link'),
      find: () => undefined,
      daemonsOf: () => [],
      jtis: () => Object.assign(new Set<string>(), { has: () => true }),
      expectEnd: () => {},
      end: async () => OVER,
      settled: async () => {},
      observe: () => {},
    },
    sessions: {
      endable: async () => notFound('session'),
      hangingOn: async () => [],
      end: async () => OVER,
    },
  };
}

function notFound(what: string): never {
  throw new AppError('NOT_FOUND', `there is no such ${what}`);
}
