import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeDaemon } from '../../../test/support/link/fake-daemon.ts';
import { failure, type Line } from '../../../test/support/link/line.ts';
import { bytesOf } from '../../values/raw-text.ts';

/** Bytes of an argument, without its NUL: MAX_ARG_STRLEN of execve(2). */
const LONGEST_ARGUMENT = 128 * 1024 - 1;

let daemon: FakeDaemon;
let line: Line;
beforeAll(async () => {
  daemon = await FakeDaemon.open();
  ({ line } = await daemon.link());
});
afterAll(() => daemon[Symbol.asyncDispose]());

describe('a start that fails', () => {
  const noProgram = join(import.meta.dirname, 'start-session.test.ts');
  it.each([
    [['no-such-program-at-all'], {}, '127', /no-such-program-at-all: no such program in PATH/],
    [['/no/such/program'], {}, '127', /no such program/],
    [[noProgram], {}, '126', /permission denied/],
    [['/usr'], {}, '126', /not a program/],
    [
      ['true'],
      { directory: Buffer.from('/no/such/directory') },
      '126',
      /cannot enter directory \/no\/such\/directory: no such file or folder/,
    ],
    [['true'], { directory: Buffer.from('/etc/passwd') }, '126', /not a directory/],
  ])('%j %j is refused with status %s and the reason', async (command, more, status, message) => {
    await expect(line.start(command, more)).rejects.toMatchObject({
      ...{ reason: 'START_FAILED', details: { exit_status: status } },
      message: expect.stringMatching(message),
    });
  });

  it.each([
    [{ command: [] }, /command/],
    [{ command: ['true', 'a\0b'].map(bytesOf) }, /NUL/],
    [{ command: ['true', 'x'.repeat(LONGEST_ARGUMENT + 1)].map(bytesOf) }, /longer than 128 KiB/],
    [{ directory: Buffer.from('relative') }, /absolute/],
    [{ environment: { LATCHKEY_SESSION_ID: Buffer.from('x') } }, /LATCHKEY_SESSION_ID/],
    [{ environment: { 'A B': Buffer.from('x') } }, /letters/],
    [{ sessionId: '../../x' }, /session_id/],
  ])('%j is refused with the name of the field', async (more, message) => {
    await expect(line.start(['true'], more)).rejects.toMatchObject(failure('INVALID_ARGUMENT', message));
  });

  it('is refused under an id that is in use', async () => {
    const { id } = await line.start(['true']);
    await expect(line.start(['true'], { sessionId: id })).rejects.toMatchObject(
      failure('INVALID_ARGUMENT', /already in use/),
    );
    expect((await line.read(id)).status).toBe(0);
  });

  it('leaves nothing behind', async () => {
    const sessionId = 'cannot-start';
    await expect(line.start(['nope-nope'], { sessionId })).rejects.toMatchObject(failure('START_FAILED'));
    expect(existsSync(join(daemon.sessions, sessionId))).toBe(false);
  });
});

it('a program gets the longest argument that Linux passes on', async () => {
  const { id } = await line.start(['sh', '-c', 'printf %s "$1" | wc -c', 'sh', 'x'.repeat(LONGEST_ARGUMENT)]);
  expect((await line.read(id)).stdout).toBe(`${LONGEST_ARGUMENT}\n`);
});
