import { describe, expect, test } from 'vitest';
import { type LinkProcess, me, World } from '../links/world.test-support.ts';
import type { OutputPiece, ReadingEnd } from '../links/reading.ts';
import type { TokenClaims } from '../token/claims.ts';
import type { StartRequest } from './start-request.ts';

const PLAIN = { environment: {}, directory: '', input: false };

async function all(output: AsyncGenerator<OutputPiece, ReadingEnd>): Promise<{ text: string; end: ReadingEnd }> {
  let text = '';
  for (;;) {
    const { done, value } = await output.next();
    if (done) return { text, end: value };
    text += value.data.toString();
  }
}

function sh(claims: TokenClaims, script: string, more: Partial<StartRequest> = {}): StartRequest {
  return { claims, command: ['sh', '-c', script], ...PLAIN, ...more };
}

describe('a session', () => {
  test('runs as its user through the link daemon, and its output is read', async () => {
    await using world = await World.open();
    await world.linkDaemon();
    const claims = await world.login();
    const session = await world.sessions.start(sh(claims, 'echo out; echo err >&2; id -u; exit 3'));
    expect(session).toMatchObject({ login: me.username, linuxUser: me.username, jti: claims.jti });
    const { text, end } = await all(
      world.sessions.readOutput({ claims, sessionId: session.id, offset: 0, follow: true }),
    );
    expect(text.split('\n').toSorted()).toEqual(['', String(me.uid), 'err', 'out'].toSorted());
    expect(end).toEqual({ exited: { status: 3 } });
    const over = await world.session(session.id, ({ state }) => state === 'ended');
    expect(over).toMatchObject({ exitStatus: 3 });
  });
});
