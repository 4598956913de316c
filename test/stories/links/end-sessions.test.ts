/** Ends all that a person runs: with the tokens or later, with a link or without. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { administrator, alice, dora, latchkey, mallory, root } from '../../support/account.ts';
import { processesOf } from '../../support/host/truth.ts';
import {
  begin,
  beginWithoutLink,
  cleanUp,
  daemon,
  end,
  kill,
  prepare,
  serve,
  sleepsOf,
} from '../../support/link/receipt-world.ts';
import { needs } from '../../support/needs.ts';

describe('ending all that a person runs', needs('world', 'sudo'), () => {
  beforeAll(prepare);
  afterEach(cleanUp);

  test('lists the programs of tokens revoked earlier, with the commands that end them', async () => {
    await serve();
    const { programs } = await beginWithoutLink(alice);
    const [id = '', command] = [...programs][0] ?? [];
    await daemon.link(alice);
    const { status, stdout } = await daemon.cli(root, [
      'tokens',
      'revoke',
      '--login',
      'alice',
      '--local-admin',
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^Still running:\\n {2}session {2}${id} {2}alice {2}pid \\d+ {2}${command}\\n`),
    );
    expect(stdout).toContain(`To end it:\n  latchkey sessions end ${id}\nEnded 1 token and 1 link in `);
    expect(stdout).not.toContain('No process is left');
    expect(stdout).toMatch(/\nVerified by: the server\.\n$/);
  });

  test('ends the sessions of somebody without a link, several at once, also of a locked account', async () => {
    await serve();
    const { programs } = await beginWithoutLink(mallory);
    const more = await beginWithoutLink(mallory);
    const ids = [...programs.keys(), ...more.programs.keys()];
    execFileSync('usermod', ['--lock', '--expiredate', '1', 'mallory']);
    try {
      const ended = await end('sessions', 'end', ...ids, 'never');
      expect(ended).toMatchObject({ status: 5, receipt: { sessions: ids, survivors: [], processes: 2 } });
      expect(ended.receipt.stillRunning).toEqual([]);
      expect(sleepsOf(mallory)).toEqual([]);
      expect(processesOf(mallory)).toEqual([]); // no keeper, no link
      const sessions = await daemon.as(root).sessions('--local-admin', '--login', 'mallory');
      expect(sessions.map(({ state, exitStatus }) => [state, exitStatus])).toEqual([
        ['ended', 143],
        ['ended', 143],
      ]);
    } finally {
      execFileSync('usermod', ['--unlock', '--expiredate', '', 'mallory']);
    }
  });

  test('ends the tokens and all sessions in one act', async () => {
    await serve();
    await beginWithoutLink(mallory);
    await begin(mallory);
    const ended = await end('tokens', 'revoke', '--login', 'mallory', '--end-sessions');
    expect(ended).toMatchObject({
      status: 0,
      receipt: { survivors: [], stillRunning: [], keptSessions: [] },
    });
    expect(ended.receipt.sessions).toHaveLength(2);
    expect(processesOf(mallory)).toEqual([]);
    await beginWithoutLink(mallory);
    const again = await end('sessions', 'end', '--login', 'mallory');
    expect(again).toMatchObject({ status: 0, receipt: { jtis: [], survivors: [], stillRunning: [] } });
    expect(again.receipt.sessions).toHaveLength(1);
  });

  test('names a link that could not be ended until it is gone, also after a restart of the server', async () => {
    await serve();
    const { link } = await begin(mallory, { sessions: 0 });
    process.kill(link, 'SIGSTOP');
    const stopped = await end('tokens', 'revoke', '--login', 'mallory');
    expect(stopped).toMatchObject({ status: 1, receipt: { links: [], survivors: [{ pid: link }] } });
    await daemon.end('SIGKILL');
    await daemon.serve();
    const next = await end('tokens', 'revoke', '--login', 'mallory');
    expect(next.receipt.stillRunning).toMatchObject([{ linuxUser: 'mallory', pids: [link] }]);
    kill(link);
    await expect
      .poll(async () => (await end('tokens', 'revoke', '--login', 'mallory')).receipt.stillRunning, {
        timeout: 20_000,
      })
      .toEqual([]);
    expect(readdirSync(join(daemon.runFolder, 'links'))).not.toContain(stopped.receipt.survivors[0]?.socket);
  });

  test('says what it cannot end of a deleted account', async () => {
    await serve();
    const { programs } = await beginWithoutLink(dora);
    const accounts = readFileSync('/etc/passwd', 'utf8');
    writeFileSync('/etc/passwd', accounts.replace(/^dora:.*\n/m, ''));
    try {
      const ended = await end('sessions', 'end', '--login', 'dora');
      expect(ended).toMatchObject({ status: 1, receipt: { sessions: [], verifiedBy: null } });
      expect(ended.receipt.stillRunning).toMatchObject([{ sessionId: [...programs.keys()][0] }]);
      expect(sleepsOf(dora)).toEqual([...programs.values()]);
    } finally {
      writeFileSync('/etc/passwd', accounts);
    }
  });
});

test.each([
  ['sessions', 'show', 'a', 'b'],
  ['tokens', 'show', 'a', 'b'],
  ['links', 'stop', 'a', 'b'],
  ['sessions', 'signal', 's1', 's2', 'TERM'],
  ['sessions', 'read', 'a', 'b'],
  ['sessions', 'end'],
  ['sessions', 'end', 'a', '--login', 'b'],
])('a command never does with fewer ids than it is given: %s %s %s %s', async (...argv) => {
  const { status, stdout } = await latchkey(administrator, argv).finished;
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
