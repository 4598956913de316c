import { expect, test } from 'vitest';
import { sessionRow } from '../../test/contract/rows.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { Requester } from './may-end.ts';
import type { Part } from './receipt.ts';
import { peopleOf, type StillRunningSources, stillRunning } from './still-running.ts';

const presence = (socket: string, linuxUser: string) => ({
  socket,
  linuxUser,
  pids: [7],
  isUnconfirmed: false,
  isRemoved: false,
});
/** Sessions of two logins that share a Linux user, and links of that and of another one. */
const SESSIONS = [
  sessionRow('mine', { login: 'bob', linux_user: 'shared' }),
  sessionRow('theirs', { login: 'alice', linux_user: 'shared' }),
];
const LINKS = [presence('of shared', 'shared'), presence('of alice', 'alice')];

function sources(sessions = SESSIONS): StillRunningSources {
  return {
    sessions: { activeOf: async () => sessions },
    links: {
      remains: {
        programsOf: async () => ({ pids: [], command: '', isUnconfirmed: false }),
        linksOf: async (users: readonly string[]) => LINKS.filter((link) => users.includes(link.linuxUser)),
      },
    } as unknown as StillRunningSources['links'],
  };
}

const requester = (role: Requester['role']): Requester => ({
  claims: { jti: 'j', sub: 'bob', user: 'shared', authMethod: 'link' },
  role,
});
const PEOPLE = peopleOf(['bob', 'alice'].map((sub) => ({ sub, user: 'shared' }) as TokenClaims));

async function seenBy(role: Requester['role'], parts: Part[] = [], sessions = SESSIONS): Promise<Part> {
  return stillRunning(PEOPLE, parts, requester(role), sources(sessions));
}

const namesIn = ({ stillRunning: running = [] }: Part): (string | undefined)[] =>
  running.map(({ sessionId, socket }) => sessionId ?? socket);

test('a receipt lists what still runs, to a user only what is theirs (F29)', async () => {
  const all = await seenBy('manager');
  expect(namesIn(all)).toEqual(['mine', 'theirs', 'of shared', 'of alice']);
  expect(all.stillRunningTotal).toBe(4);
  const own = await seenBy('user');
  expect(namesIn(own)).toEqual(['mine', 'of shared']);
  expect(own.stillRunningTotal).toBe(2);
});

test('a receipt does not list as running what it lists as ended', async () => {
  const parts = [{ sessions: ['theirs'] }, { links: ['of alice'] }];
  const listed = await seenBy('manager', parts);
  expect(namesIn(listed)).toEqual(['mine', 'of shared']);
  expect(listed.stillRunningTotal).toBe(2);
});

test('a receipt lists at most a thousand, and says how many there are', async () => {
  const many = Array.from({ length: 1500 }, (_, at) => sessionRow(`s${at}`, { login: 'bob' }));
  const listed = await seenBy('manager', [], many);
  expect(listed.stillRunning).toHaveLength(1000);
  expect(listed.stillRunningTotal).toBe(1502);
  const few = many.slice(0, 999);
  expect((await seenBy('manager', [], few)).stillRunning).toHaveLength(1000);
});
