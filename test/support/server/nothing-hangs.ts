/** Links and sessions for a revocation in a test that is only about tokens. */
import { AppError } from '../../../src/errors.ts';
import type { RevocationOptions } from '../../../src/revocation/revocation.ts';

const OVER = { isOver: true, processes: 0, survivors: [] };

/** No token has a link or a session, and every token of a link counts as one whose link is present. */
export function nothingHangs(): Pick<RevocationOptions, 'links' | 'sessions'> {
  return {
    links: {
      get: () => notFound('link'),
      find: () => undefined,
      daemonsOf: () => [],
      jtis: () => Object.assign(new Set<string>(), { has: () => true }),
      expectEnd: () => undefined,
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
