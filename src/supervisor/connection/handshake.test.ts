import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeLink } from '../../../test/support/link/fake-link.ts';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import { PROTOCOL_VERSION } from '../../link-protocol/protocol.ts';
import { resumeMac } from '../../token/proof.ts';

const LINK_NONCE: Buffer = randomBytes(32);

/** Mistakes of a link when the server is back; without members it makes none. */
interface Wrong {
  /** The token id of its Hello, and that of its Ready. */
  readonly helloJti?: string;
  readonly readyJti?: string;
  /** Makes the proof of another one. */
  readonly mac?: (proof: (side: 'daemon' | 'link', linkNonce?: Buffer) => Buffer) => Buffer;
}

const WRONG: Readonly<Record<string, Wrong>> = {
  'the id of another token in its first frame': { helloJti: 'another' },
  'no id in its first frame, as if it were new': { helloJti: '' },
  'the id of another token in its answer': { readyJti: 'another' },
  'no proof': { mac: () => Buffer.alloc(0) },
  'half of the proof': { mac: (proof) => proof('link').subarray(16) },
  'the proof of the server': { mac: (proof) => proof('daemon') },
  'the proof of an earlier connection': { mac: (proof) => proof('link', randomBytes(32)) },
};

describe('a link that the server finds again', () => {
  let world: World;
  let fake: FakeLink;
  let jti: string;
  beforeEach(async () => {
    world = await World.open();
    fake = await FakeLink.listen(world.linksFolder, { daemon: true, hello: { nonce: LINK_NONCE } });
    ({ jti } = await world.links.register({ socket: fake.name, daemon: true }, me.uid));
  });
  afterEach(async () => {
    await fake[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });

  /** Restarts the server, to which the link then says `wrong`. */
  async function restart({ helloJti = jti, readyJti = jti, mac = (proof) => proof('link') }: Wrong) {
    const initKey = world.authority.initKey(jti);
    await world.stop();
    fake.jti = helloJti;
    fake.answers = {
      resume: ({ nonce: daemonNonce }) => {
        const transcript = { version: PROTOCOL_VERSION, daemonNonce, jti, uid: me.uid };
        const proof = (side: 'daemon' | 'link', linkNonce = LINK_NONCE): Buffer =>
          resumeMac(side, initKey, { ...transcript, linkNonce });
        return { $case: 'ready', value: { mac: mac(proof), jti: readyJti } };
      },
    };
    await world.start();
  }

  test('is used again when it proves that it is the same (F22)', async () => {
    await restart({});
    expect(world.links.get(fake.name)).toMatchObject({ state: 'ready', jti });
    expect(world.authority.isActive(jti)).toBe(true);
  });

  test.each(Object.keys(WRONG))('is refused with %s, and its token ends (F22)', async (what) => {
    await restart(WRONG[what] ?? {});
    expect(await world.sockets()).toEqual([]);
    expect(world.authority.isActive(jti)).toBe(false);
  });
});

test('a link that sends Hello twice on a connection is disconnected, and gets no token (F22)', async () => {
  await using world = await World.open();
  await using fake = await FakeLink.listen(world.linksFolder, { hellos: 2 });
  const registered = world.links.register({ socket: fake.name, daemon: false }, me.uid);
  await expect(registered).rejects.toMatchObject({ reason: 'LINK_LOST' });
  expect(await world.sockets()).toEqual([]);
  expect(await world.authority.count()).toEqual({ tokens: 0, logins: 0 });
  expect(fake.received).toEqual([]);
});

test.each([
  ['of another version of the protocol', { version: PROTOCOL_VERSION + 1 }],
  ['with a nonce that is too short', { nonce: randomBytes(31) }],
  ['with a nonce that is too long', { nonce: randomBytes(33) }],
  ['without a nonce', { nonce: Buffer.alloc(0) }],
])('a link is refused for a Hello %s, and gets no token (F22)', async (_what, hello) => {
  await using world = await World.open();
  await using fake = await FakeLink.listen(world.linksFolder, { hello });
  const registered = world.links.register({ socket: fake.name, daemon: false }, me.uid);
  await expect(registered).rejects.toMatchObject({ reason: 'LINK_REFUSED' });
  expect(await world.authority.count()).toEqual({ tokens: 0, logins: 0 });
  expect(fake.received).toEqual([]);
});
