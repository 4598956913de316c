import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { me, World } from '../../../test/support/link/supervisor-world.ts';
import type { TokenClaims } from '../../token/claims.ts';
import type { Link } from '../link.ts';
import { originOf } from './process-origin.ts';

/** Hides the origin of a process: no mark in its environment, and a parent that has ended. */
const UNMARKED = 'env -u LATCHKEY_SESSION_ID "$@"';
const CUT_OFF = `(setsid ${UNMARKED} &) ; sleep 60`;

let world: World;
let claims: TokenClaims;
let known: string[];
beforeEach(async () => {
  world = await World.open();
  claims = await world.login();
  await world.linkDaemon();
  known = await world.sockets();
});
afterEach(() => world[Symbol.asyncDispose]());

/** Starts a session that starts a link after the commands of `script`. */
function startLink(script: string, by = claims) {
  const link = [process.execPath, world.program, '--run', world.run, '--print-token'];
  const command = ['sh', '-c', script, 'sh', ...link];
  return world.sessions.start({ claims: by, command, environment: {}, directory: '', input: false });
}

/** Returns the token of the new link. */
async function newLink(): Promise<TokenClaims | undefined> {
  const socket = await world.until('the link', async () =>
    (await world.sockets()).find((name) => !known.includes(name)),
  );
  return world.authority.get(world.links.get(socket).jti);
}

describe("a link started within a session is a child of the session's token", () => {
  test('even without the mark in its environment', async () => {
    await startLink(UNMARKED);
    expect(await newLink()).toMatchObject({ parent: claims.jti });
  });

  test("even when it has left the session's process tree", async () => {
    await startLink(CUT_OFF);
    const { parent, jti } = (await newLink()) ?? { jti: '' };
    expect(parent).toBe(claims.jti);
    const receipt = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(receipt.jtis).toContain(jti);
  });

  test('or of the token of the link that it runs below, when its session is over', async () => {
    const own = await world.link();
    known = await world.sockets();
    const by = await world.authority.get(own.jti);
    const gate = join(world.folder, 'gate');
    execFileSync('mkfifo', [gate]);
    const { id } = await startLink(`(setsid sh -c 'read -r _ <${gate}; ${UNMARKED}' sh "$@" &)`, by);
    await world.session(id, ({ state }) => state === 'ended');
    writeFileSync(gate, '\n');
    const { parent, jti } = (await newLink()) ?? { jti: '' };
    expect(parent, 'the token that it ends with').toBe(own.jti);
    const receipt = await world.revocation.revoke({ jtis: [own.jti] }, 'revoked');
    expect(receipt.jtis).toContain(jti);
  });

  test("also when its session's link is gone, and is refused when that token has ended", async () => {
    const gate = (nth: number) => join(world.folder, `gate-${nth}`);
    const late = [1, 2].map((nth) => `(until [ -e ${gate(nth)} ]; do sleep 0.05; done; ${UNMARKED} 2>&1) &`);
    const { id } = await startLink(`${late.join('\n')}\necho begun; sleep 60`);
    await printed(id, 'begun');
    const [lost = ''] = known;
    process.kill(world.links.get(lost).pid, 'SIGKILL');
    await world.until('its loss', async () => !(await world.sockets()).includes(lost) || undefined);
    writeFileSync(gate(1), '');
    const { parent, jti } = (await newLink()) ?? { jti: '' };
    expect(parent).toBe(claims.jti);
    await world.login(); // another token of the same login does not help
    const receipt = await world.revocation.revoke({ jtis: [claims.jti] }, 'revoked');
    expect(receipt.jtis).toContain(jti);
    writeFileSync(gate(2), '');
    await world.linkDaemon(); // by which the output can be read
    expect(await printed(id, 'has ended')).toContain('the login that started this session has ended');
  });

  test('and is refused when it may belong to sessions of several logins', async () => {
    const other = await world.login('other');
    const sleeping = { command: ['sleep', '60'], environment: {}, directory: '', input: false };
    await world.sessions.start({ claims: other, ...sleeping });
    const { id } = await startLink(CUT_OFF);
    expect(await printed(id, 'cannot determine')).toContain('start it outside of sessions');
    expect(await world.sockets()).toEqual(known);
  });
});

test("a link's word about a keeper counts only for processes of its own user", async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const saying = (uid: number) =>
    ({ uid, process: undefined, connection: { running: new Map([['theirs', pid]]) } }) as unknown as Link;
  const seen = { cgroups: undefined, keepers: { sessionOf: () => undefined } };
  expect(await originOf(pid, [saying(me.uid + 1)], seen)).toEqual({});
  const both = [saying(me.uid + 1), saying(me.uid)];
  expect(await originOf(pid, both, seen)).toMatchObject({ sessionId: 'theirs' });
  child.kill('SIGKILL');
});

/** Returns the output of the session, once it contains `words` or the session has ended. */
async function printed(sessionId: string, words: string): Promise<string> {
  let text = '';
  const output = world.sessions.readOutput({ claims, sessionId, offset: 0, follow: true });
  for await (const { data } of output) {
    text += data.toString();
    if (text.includes(words)) break;
  }
  return text;
}
