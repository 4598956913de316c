import { constants } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDaemon } from '../../../test/support/link/fake-daemon.ts';
import { failure, type Line } from '../../../test/support/link/line.ts';

let daemon: FakeDaemon;
let line: Line;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ line } = await daemon.link());
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe('input', () => {
  const stdin = (sessionId: string, text: string | Buffer) =>
    line.ask({ $case: 'stdin', value: { sessionId, data: Buffer.from(text) } }, 'credit');
  const close = (sessionId: string) => line.ask({ $case: 'closeStdin', value: { sessionId } }, 'done');

  it('follows the first input, in order, until it is closed', async () => {
    const { id } = await line.start(['cat'], { input: true, firstInput: Buffer.from('first\n') });
    expect(await stdin(id, 'second\n')).toEqual({ reader: 0, sessionId: id, bytes: 7 });
    await stdin(id, 'third\n');
    await close(id);
    expect(await line.read(id)).toMatchObject({ stdout: 'first\nsecond\nthird\n', status: 0 });
  });

  it('is credited as the program reads, and refused beyond the credit', async () => {
    const program = 'trap : USR1; sleep 60 & echo ready; wait; kill $!; exec wc -c';
    const { id } = await line.start(['sh', '-c', program], { input: true });
    line.beginRead(id);
    await line.seen((body) => body.$case === 'output');
    const piece = Buffer.alloc(128 * 1024, 'x');
    const credits = Promise.all([stdin(id, piece), stdin(id, piece)]);
    await expect(stdin(id, piece)).rejects.toMatchObject(failure('LIMIT_EXCEEDED'));
    await expect(stdin(id, 'x')).rejects.toMatchObject(failure('LIMIT_EXCEEDED'));
    await line.ask({ $case: 'signal', value: { sessionId: id, signal: constants.signals.SIGUSR1 } }, 'done');
    expect((await credits).map(({ bytes }) => bytes)).toEqual([piece.length, piece.length]);
    await close(id);
    expect(await line.read(id)).toMatchObject({ stdout: `ready\n${2 * piece.length}\n`, status: 0 });
  });

  it('ends with the program', async () => {
    const { id } = await line.start(['true'], { input: true });
    await line.read(id);
    await expect(stdin(id, 'x')).rejects.toMatchObject({
      reason: expect.stringMatching(/SESSION_ENDED|INPUT_CLOSED/),
    });
  });

  it('is refused when the session was started without it', async () => {
    const { id } = await line.start(['sleep', '60']);
    await expect(stdin(id, 'x')).rejects.toMatchObject(failure('INPUT_CLOSED'));
    await line.ask({ $case: 'end', value: { sessionId: id, graceMilliseconds: 0 } }, 'ended');
  });
});
