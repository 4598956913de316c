import { describe, expect, test } from 'vitest';
import { fake, withRegisteredLink, world } from '../../../test/support/link/registered-link.ts';

describe('a link whose process the server does not know', () => {
  withRegisteredLink();

  test('has ended when nobody listens on its socket any more', async () => {
    expect(await world.links.prepareEnd(fake.name)?.(false)).toEqual({
      hasEnded: true,
      processes: 0,
      survivors: [],
      verifiedBy: 'daemon',
    });
  });

  test('has not ended for certain while somebody does, whatever it says', async () => {
    fake.answers = { stop: () => ({ $case: 'stopped', value: { ended: [] } }) };
    expect(await world.links.prepareEnd(fake.name)?.(false)).toMatchObject({
      hasEnded: false,
      survivors: [{ socket: fake.name, isUnconfirmed: true, isSeen: false }],
    });
  });
});
