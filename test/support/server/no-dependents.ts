/** Links and sessions for a revocation in a test that is only about tokens. */
import { AppError } from '../../../src/errors.ts';
import type { RevocationOptions } from '../../../src/revocation/revocation.ts';

const ENDED = { hasEnded: true, processes: 0, survivors: [] };

/** No token has a link or a session; every token of a link counts as one whose link exists. */
export function noDependents(): Pick<RevocationOptions, 'links' | 'sessions' | 'accounts'> {
  return {
    links: {
      get: () => notFound('link'),
      find: () => undefined,
      daemonsOf: () => [],
      jtis: () => Object.assign(new Set<string>(), { has: () => true }),
      prepareEnd: () => undefined,
      settled: async () => {},
      observe: () => {},
      remains: {
        linksOf: async () => [],
        programsOf: async () => ({ pids: [], command: '', isUnconfirmed: true }),
      } as never,
    },
    accounts: { checkAll: async () => [] },
    sessions: {
      endable: async () => notFound('session'),
      activeOf: async () => [],
      dependentOn: async () => [],
      end: async () => ENDED,
    },
  };
}

function notFound(what: string): never {
  throw new AppError('NOT_FOUND', `there is no such ${what}`);
}
