/** Both ends of a link's connection, for tests of what passes over it. */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Started } from '../../../src/generated/latchkey/link/v1/link.ts';
import type { LinkConnection } from '../../../src/supervisor/connection/link-connection.ts';
import { FakeLink } from './fake-link.ts';
import { me, World } from './supervisor-world.ts';

const newSessionId = (): string => `s${randomBytes(10).toString('hex')}`;

/** Id of the session that `start` starts, another one in each test. */
export let sessionId = newSessionId();

/** The program that `start` names; a FakeLink does not run it. */
export const PROGRAM = {
  command: [Buffer.from('true')],
  environment: {},
  directory: Buffer.alloc(0),
  firstInput: Buffer.alloc(0),
  input: true,
  outputLimit: 1,
  awaitReader: false,
  terminal: undefined,
};

export let world: World;
export let fake: FakeLink;
/** The server's first connection to `fake`. */
export let link: LinkConnection;

/** Opens one `world` for the surrounding suite, and registers a `fake` in it for each test. */
export function withRegisteredLink(): void {
  beforeAll(async () => {
    world = await World.open();
  });
  beforeEach(async () => {
    sessionId = newSessionId();
    fake = await FakeLink.listen(world.linksFolder);
    await world.links.register({ socket: fake.name, daemon: false }, me.uid);
    link = world.links.forSocket(fake.name) as LinkConnection;
  });
  afterEach(() => fake[Symbol.asyncDispose]());
  afterAll(() => world[Symbol.asyncDispose]());
}

export function start(): Promise<Started> {
  return link.start({ sessionId, ...PROGRAM });
}
