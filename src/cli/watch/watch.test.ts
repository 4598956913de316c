import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { memoryOutput } from '../../../test/support/terminal/memory-io.ts';
import { Session, SessionState } from '../../generated/latchkey/v1/session.ts';
import type { Change } from '../../nouns/noun.ts';
import { sessions } from '../../nouns/sessions.ts';
import { bytesOf } from '../../values/raw-text.ts';
import { showList } from '../output/listing.ts';
import { Run } from '../run.ts';
import { WatchLines } from './watch.ts';

const NOW = Date.UTC(2026, 5, 1, 12);
const session = (id: string, more: Partial<Session> = {}): Session =>
  Session.fromPartial({
    id,
    login: 'alice',
    linuxUser: 'alice',
    command: ['sh', '-c', 'echo \u001b[31m hi'].map(bytesOf),
    state: SessionState.RUNNING,
    startedAt: new Date(NOW - 90_000),
    ...more,
  });

const ended = session('s-2', { state: SessionState.ENDED, exitStatus: 3, endedAt: new Date(NOW) });

const CHANGES: readonly Change<Session>[] = [
  { kind: 'there', item: session('s-1') },
  { kind: 'complete' },
  { kind: 'there', item: ended },
  { kind: 'gone', id: 's-1' },
];

function setting(given: Parameters<typeof memoryOutput>[0]) {
  const { io, stdout, stderr } = memoryOutput({ nowMs: NOW, ...given });
  return { run: new Run(io, { json: given?.json === true }), stdout, stderr };
}

function showAll(run: Run): void {
  const lines = new WatchLines(run, sessions);
  for (const change of CHANGES) lines.show(change);
}

describe('a watch', () => {
  it('shows the snapshot as a table and every change as a line', () => {
    const { run, stdout } = setting({ terminal: true });
    showAll(run);
    const [head, first, second, third] = stripVTControlCharacters(stdout.text).split('\n');
    expect(head).toMatch(/^SESSION +LOGIN +USER +STATE +STARTED +CPU +MEMORY +COMMAND$/);
    expect(first).toMatch(/^s-1 +alice +alice +running +1 min ago +sh -c 'echo \\x1b\[31m hi'$/);
    expect(second).toMatch(/^\d\d:\d\d:\d\d {2}there {2}s-2 .* ended 3 /);
    expect(third).toMatch(/^\d\d:\d\d:\d\d {2}gone {3}s-1$/);
  });

  it('is one JSON object per line with --json', () => {
    const { run, stdout } = setting({ json: true });
    showAll(run);
    const events = stdout.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(['there', 'complete', 'there', 'gone']);
    expect(events[2].session).toMatchObject({ id: 's-2', state: 'ended', exitStatus: 3 });
    expect(stdout.text).not.toContain('\u001b');
  });
});

describe('a list', () => {
  it('is uncut in a pipe, with absolute times', () => {
    const { run, stdout, stderr } = setting({});
    showList(run, { items: [session('s-1')], total: 9 }, sessions);
    expect(stdout.text.split('\n')[1]).toContain('2026-06-01T11:58:30.000Z');
    expect(stderr.text).toBe('1 of 9 sessions; --all shows all\n');
  });

  it('is one JSON object with nulls for what is absent', () => {
    const { run, stdout } = setting({ json: true });
    showList(run, { items: [session('s-1')], total: 1 }, sessions);
    expect(JSON.parse(stdout.text)).toEqual({
      sessions: [
        {
          id: 's-1',
          login: 'alice',
          linuxUser: 'alice',
          command: ['sh', '-c', 'echo \u001b[31m hi'],
          directory: null,
          state: 'running',
          startedAt: '2026-06-01T11:58:30.000Z',
          endedAt: null,
          exitStatus: null,
          oomKills: null,
          cpuMilliseconds: null,
          memoryBytes: null,
          jti: '',
          socket: null,
          attached: 0,
          terminal: null,
          cordon: null,
          idle: null,
          readableFrom: 0,
          startedBy: null,
        },
      ],
      total: 1,
    });
  });

  it('is only ids with --quiet', () => {
    const { io, stdout, stderr } = memoryOutput();
    const run = new Run(io, { quiet: true });
    showList(run, { items: [session('s-1'), session('s-2')], total: 9 }, sessions);
    expect([stdout.text, stderr.text]).toEqual(['s-1\ns-2\n', '']);
  });

  it('says on standard error that it is empty', () => {
    const { run, stdout, stderr } = setting({});
    showList(run, { items: [], total: 0 }, sessions);
    expect([stdout.text, stderr.text]).toEqual(['', 'no sessions\n']);
  });
});
