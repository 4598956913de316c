import { describe, expect, test } from 'vitest';
import { sessionRow } from '../../../test/contract/rows.ts';
import {
  fake,
  sessionId,
  start,
  withRegisteredLink,
  world,
} from '../../../test/support/link/registered-link.ts';
import { me } from '../../../test/support/link/supervisor-world.ts';

describe('what remains', () => {
  withRegisteredLink();

  /** Ends the connection to the link, which says no more. */
  async function loseLink(): Promise<void> {
    fake.isSilent = true;
    fake.hangUp();
    await world.until('its loss', () => world.links.find(fake.name)?.state === 'lost' || undefined);
  }

  test('of links is for certain only while they are connected, or their processes run', async () => {
    const present = () => world.links.remains.linksOf([me.username]);
    // The server does not know its process, which is its own.
    const link = { socket: fake.name, linuxUser: me.username, isRemoved: false };
    const found = () => expect.objectContaining({ ...link, isUnconfirmed: false }) as unknown;
    expect(await present()).toContainEqual(found());
    await loseLink();
    expect(await present()).toContainEqual(expect.objectContaining({ ...link, isUnconfirmed: true }));
    expect(await world.links.remains.linksOf(['somebody-else'])).toEqual([]);
  });

  test('of a session is for certain only while a connected link says that it has it', async () => {
    await start();
    const isUnconfirmed = async (id: string, socket: string | null = fake.name) => {
      const row = sessionRow(id, { uid: me.uid, linux_user: me.username, socket });
      return (await world.links.remains.programsOf(row)).isUnconfirmed;
    };
    expect(await isUnconfirmed(sessionId)).toBe(false);
    expect(await isUnconfirmed('another')).toBe(true);
    expect(await isUnconfirmed(sessionId, null)).toBe(true);
    await loseLink();
    expect(await isUnconfirmed(sessionId)).toBe(true);
  });
});
