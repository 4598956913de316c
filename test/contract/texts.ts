/** Checks that a list, in the database, and a watch, in memory, find a text in the same values. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/open.ts';
import { insertSession, selectSessions } from '../../src/store/tables/sessions.ts';
import { insertToken, selectTokens } from '../../src/store/tables/tokens.ts';
import { matchesText } from '../../src/store/text-in.ts';
import { sessionRow, tokenRow } from './rows.ts';

const CASES: readonly (readonly [text: string, value: string, isFound: boolean])[] = [
  ['lic', 'aLICe', true],
  ['LIC', 'alice', true],
  ['alice', 'alic', false],
  ['Ä', 'xÄx', true],
  ['ä', 'xÄx', false],
  ['strasse', 'Straße', false],
  ['k', '\u212a', false], // the Kelvin sign: its lower case is a k
  ['İ', 'i', false],
  ['日本', '日本語', true],
  ['💻', '👩‍💻', true],
  ['e', 'e\u0301', true],
  ['%', '50%', true],
  ['%', 'alice', false],
  ['a%e', 'alice', false],
  ['al_ice', 'AL_ICE', true],
  ['al_ice', 'alXice', false],
  ['_', '', false],
  ['\\', 'a\\b', true],
  ['\\%', 'a%', false],
  ['\\_', '\\_', true],
  ['"', 'say "x"', true],
  ["' or 1=1 --", 'alice', false],
  [' ', 'a b', true],
  ['a\0z', 'a', false],
  ['[a-z]', 'b', false],
  ['*', 'b', false],
];

const VALUES = CASES.map(([, value]) => value);

/** Returns those of VALUES in which lists find `text`: as hosts of tokens, and as commands of sessions. */
async function inLists(store: Store, text: string): Promise<[string[], string[]]> {
  const query = { text, pageSize: 0 };
  const tokens = await store.read((db) => selectTokens(db, { ...query, orderBy: 'issued_at' }));
  const sessions = await store.read((db) => selectSessions(db, { ...query, orderBy: 'started_at' }));
  const commands = sessions.items.map(({ command }) => JSON.parse(command).join(' '));
  return [tokens.items.map(({ hostname }) => hostname ?? ''), commands];
}

async function keepValues(store: Store): Promise<void> {
  const bare = { login: '#', linux_user: '#' };
  for (const [at, hostname] of VALUES.entries()) {
    const id = '#'.repeat(at + 1);
    const token = tokenRow(id, { ...bare, client_ip: null, hostname, issued_at: at });
    await store.commit((tx) => insertToken(tx, token));
    const session = sessionRow(id, { ...bare, command: JSON.stringify([hostname]), started_at: at });
    await store.commit((tx) => insertSession(tx, session));
  }
}

export function textsFound(opened: () => Store): void {
  test('is found in the same values in memory: literally, and without the case of ASCII letters', async () => {
    await keepValues(opened());
    for (const [text, value, isFound] of CASES) {
      expect([text, value, matchesText(text, [value])]).toEqual([text, value, isFound]);
      const inMemory = VALUES.filter((each) => matchesText(text, [each]));
      expect([text, ...(await inLists(opened(), text))]).toEqual([text, inMemory, inMemory]);
    }
    const anyText = fc.string({
      unit: fc.constantFrom(...VALUES.join(''), '\0', 'E', 'ß'),
      minLength: 1,
      maxLength: 3,
    });
    const property = fc.asyncProperty(anyText, async (text) => {
      const inMemory = VALUES.filter((each) => matchesText(text, [each]));
      expect(await inLists(opened(), text)).toEqual([inMemory, inMemory]);
    });
    await fc.assert(property, { numRuns: 200 });
  });
}
