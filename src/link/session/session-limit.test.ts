import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { myself } from '../../../test/support/account.ts';
import { bytesOf } from '../../values/raw-text.ts';
import { Sessions } from './sessions.ts';
import { SessionsDir } from './sessions-dir.ts';

const MOST = 1000;

// A start counts while it lasts, also one that fails: a thousand programs are not needed.
it('a link has at most a thousand sessions, those that are just being started included', async () => {
  const home = mkdtempSync(join(tmpdir(), 'latchkey-limit-'));
  const account = { ...myself(), home, shell: '/bin/sh' };
  const settings = { umask: 0o022, openFiles: 1024, variables: () => ({}) };
  const events = { exited: () => {}, warning: () => {}, idle: () => {} };
  const sessions = new Sessions(account, new SessionsDir(account, 'server'), settings, events);
  const start = (sessionId: string, ...command: string[]) =>
    sessions.start({
      sessionId,
      command: command.map(bytesOf),
      environment: {},
      directory: Buffer.alloc(0),
      firstInput: Buffer.alloc(0),
      input: false,
      outputLimit: 1,
      awaitReader: false,
      hold: false,
      terminal: undefined,
    });
  const running = await start('running', 'sleep', '60');
  onTestFinished(async () => {
    await running.end(0);
    rmSync(home, { recursive: true });
  });
  const failing = Array.from({ length: MOST }, (_, at) => start(`failing-${at}`));
  const outcomes = await Promise.allSettled(failing);
  const reasons = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.reason);
  expect(reasons).toEqual([...Array(MOST - 1).fill('INVALID_ARGUMENT'), 'LIMIT_EXCEEDED']);
});
