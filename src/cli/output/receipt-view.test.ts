import { describe, expect, it } from 'vitest';
import { memoryOutput } from '../../../test/support/terminal/memory-io.ts';
import { Receipt, VerifiedBy } from '../../generated/latchkey/v1/token.ts';
import { durationOf } from '../../values/duration.ts';
import { showReceipt } from './receipt-view.ts';

const FULL = Receipt.fromPartial({
  jtis: ['jti-1', 'jti-2'],
  links: ['1000.ab.sock'],
  sessions: ['s-1', 's-2', 's-3'],
  processes: 7,
  duration: durationOf(43),
  verifiedBy: VerifiedBy.LINK,
  keptSessions: ['s-9'],
  stillRunning: [
    { sessionId: 's-9', login: 'alice', linuxUser: 'alice', pids: [41, 42], command: 'sleep 9' },
    { socket: '1000.cd.sock', linuxUser: 'alice', pids: [40], unconfirmed: true },
  ],
  stillRunningTotal: 2,
});

/** Its first lines for people. */
const RUNNING = [
  'Still running:',
  '  session  s-9  alice  pid 41, 42  sleep 9',
  '  link     1000.cd.sock  alice  pid 40  not known whether it runs',
];

describe('a receipt', () => {
  it('says to people what still runs, what ended, how fast, and who has verified it', () => {
    const { out, stdout } = memoryOutput();
    expect(showReceipt(out, FULL)).toBe(0);
    expect(stdout.text).toBe(
      [
        ...RUNNING,
        'To end it:',
        '  latchkey sessions end s-9',
        '  latchkey links stop 1000.cd.sock',
        'Ended 2 tokens, 1 link, 3 sessions and 7 processes in 43 ms.',
        '  token    jti-1',
        '  token    jti-2',
        '  link     1000.ab.sock',
        '  session  s-1',
        '  session  s-2',
        '  session  s-3',
        "Verified by: only the user's own link; the server could not look.",
        '',
      ].join('\n'),
    );
  });

  it('of a dry run says what would end, and what would stay', () => {
    const { out, stdout } = memoryOutput();
    const unknown = { processes: 0, duration: durationOf(0), verifiedBy: VerifiedBy.UNSPECIFIED };
    expect(showReceipt(out, { ...FULL, ...unknown, validateOnly: true })).toBe(0);
    expect(stdout.text).toBe(
      [
        'Would keep running:',
        ...RUNNING.slice(1),
        'Would end 2 tokens, 1 link and 3 sessions.',
        '  token    jti-1',
        '  token    jti-2',
        '  link     1000.ab.sock',
        '  session  s-1',
        '  session  s-2',
        '  session  s-3',
        '',
      ].join('\n'),
    );
  });

  it('fails when something survives, and shows what with its words inert', () => {
    const { out, stdout } = memoryOutput();
    const survivors = [
      { pid: 77, linuxUser: 'root', command: 'sudo \u001b[2J', sessionId: 's-1', seen: true },
      { pid: 1, linuxUser: 'uid 5', command: 'init', sessionId: 's-1' },
      { linuxUser: 'alice', command: 'latchkey link', socket: '1000.ab.sock', unconfirmed: true },
    ];
    const stillRunning = [{ sessionId: 's-1' }, { socket: '1000.ab.sock' }, { sessionId: 's-2', pids: [5] }];
    const receipt = Receipt.fromPartial({ jtis: ['j'], survivors, stillRunning, stillRunningTotal: 3 });
    expect(showReceipt(out, receipt)).toBe(1);
    expect(stdout.text).toBe(
      [
        'Still running:',
        '  pid 77  root  sudo \\x1b[2J  could not be ended',
        '  pid 1  uid 5  init  could not be ended, as its link says',
        '  pid unknown  alice  latchkey link  is not known to have ended',
        '  session  s-2    pid 5  ',
        'To end it:',
        '  kill -KILL 77  (as root)',
        '  latchkey sessions end s-2',
        'Ended 1 token in 0 ms.',
        '  token    j',
        'Verified by: nobody, since not all of it is known to have ended.',
        '',
      ].join('\n'),
    );
  });

  it('names the process of a removed link, which cannot be stopped any more, if the server has seen it', () => {
    const { out, stdout } = memoryOutput();
    const link = { linuxUser: 'alice', command: 'latchkey link' };
    const stillRunning = [
      { ...link, socket: '1000.ab.sock', pids: [41] },
      { ...link, socket: '1000.cd.sock', pids: [42], removed: true },
      { ...link, socket: '1000.ef.sock', pids: [43], removed: true, unconfirmed: true },
    ];
    showReceipt(out, Receipt.fromPartial({ stillRunning, stillRunningTotal: 3 }));
    const lines = stdout.text.split('\n');
    const commands = lines.slice(lines.indexOf('To end it:') + 1).filter((line) => line.startsWith('  '));
    expect(commands).toEqual(['  kill -KILL 42  (as root)', '  latchkey links stop 1000.ab.sock']);
  });

  it('quotes the logins whose sessions a command ends', () => {
    const { out, stdout } = memoryOutput();
    const logins = ['alice', 'Eve Poe', "CORP\\bob; 'x'"];
    const stillRunning = logins.flatMap((login) =>
      ['a', 'b'].map((id) => ({ sessionId: `${login[0]}-${id}`, login, linuxUser: 'alice', command: 'id' })),
    );
    showReceipt(out, Receipt.fromPartial({ stillRunning, stillRunningTotal: 6 }));
    const commands = stdout.text.split('\n').filter((line) => line.startsWith('  latchkey'));
    expect(commands).toEqual([
      '  latchkey sessions end --login alice',
      "  latchkey sessions end --login 'Eve Poe'",
      String.raw`  latchkey sessions end --login 'CORP\bob; '\''x'\'''`,
    ]);
  });

  it('shows what still runs in colour, the worst first', () => {
    const { out, stdout } = memoryOutput({ terminal: true, color: true });
    const survivors = [{ pid: 7, linuxUser: 'alice', command: 'sleep 9' }];
    const stillRunning = [{ sessionId: 's', linuxUser: 'alice', command: 'sleep 8' }];
    showReceipt(out, Receipt.fromPartial({ survivors, stillRunning, stillRunningTotal: 1 }));
    const [heading, first, second] = stdout.text.split('\n');
    expect(heading).toBe('\u001b[31mStill running:\u001b[39m');
    expect(first).toMatch(/\[31m {2}pid 7 {2}alice/);
    expect(second).toMatch(/\[33m {2}session {2}s /);
  });

  it('is one JSON object for programs', () => {
    const { out, stdout } = memoryOutput({ json: true });
    showReceipt(out, FULL);
    expect(JSON.parse(stdout.text)).toEqual({
      receipt: {
        jtis: ['jti-1', 'jti-2'],
        links: ['1000.ab.sock'],
        sessions: ['s-1', 's-2', 's-3'],
        processes: 7,
        milliseconds: 43,
        survivors: [],
        verifiedBy: 'link',
        keptSessions: ['s-9'],
        validateOnly: false,
        stillRunning: [
          {
            sessionId: 's-9',
            socket: null,
            login: 'alice',
            linuxUser: 'alice',
            pids: [41, 42],
            command: 'sleep 9',
            unconfirmed: false,
            removed: false,
          },
          {
            sessionId: null,
            socket: '1000.cd.sock',
            login: null,
            linuxUser: 'alice',
            pids: [40],
            command: '',
            unconfirmed: true,
            removed: false,
          },
        ],
        stillRunningTotal: 2,
      },
    });
  });

  it('of a dry run differs from a real one for programs, too', () => {
    const { out, stdout } = memoryOutput({ json: true });
    showReceipt(out, { ...FULL, validateOnly: true });
    expect(JSON.parse(stdout.text)).toMatchObject({ receipt: { jtis: FULL.jtis, validateOnly: true } });
  });

  it('is nothing at all with --quiet, unless something survives', () => {
    const { out, stdout, stderr } = memoryOutput({ quiet: true });
    expect(showReceipt(out, FULL)).toBe(0);
    const survivors = [{ pid: 77, linuxUser: 'root', command: 'sleep 9', seen: true }];
    expect(showReceipt(out, Receipt.fromPartial({ survivors }))).toBe(1);
    expect(stdout.text).toBe('');
    expect(stderr.text).toBe('latchkey: pid 77  root  sleep 9  could not be ended\n');
  });

  it('says so when nothing was there to end', () => {
    const { out, stdout } = memoryOutput();
    showReceipt(out, Receipt.fromPartial({ duration: durationOf(1) }));
    expect(stdout.text).toBe('Still running: no session and no link.\nEnded nothing in 1 ms.\n');
  });
});
