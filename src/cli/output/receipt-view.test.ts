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
});

describe('a receipt', () => {
  it('says to people what ended, how fast, what stays and who saw it', () => {
    const { out, stdout } = memoryOutput();
    expect(showReceipt(out, FULL)).toBe(0);
    expect(stdout.text).toBe(
      [
        'Ended 2 tokens, 1 link, 3 sessions and 7 processes in 43 ms.',
        '  token    jti-1',
        '  token    jti-2',
        '  link     1000.ab.sock',
        '  session  s-1',
        '  session  s-2',
        '  session  s-3',
        "No process is left, says the user's own link.",
        "Still running without the token, by the server's configuration:",
        '  session  s-9',
        "To end one: 'latchkey sessions end ID'.",
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
        'Would end 2 tokens, 1 link and 3 sessions.',
        '  token    jti-1',
        '  token    jti-2',
        '  link     1000.ab.sock',
        '  session  s-1',
        '  session  s-2',
        '  session  s-3',
        "Would continue without the token, by the server's configuration:",
        '  session  s-9',
        '',
      ].join('\n'),
    );
  });

  it('fails when something survives, and shows what with its words inert', () => {
    const { out, stdout } = memoryOutput();
    const survivors = [{ pid: 77, linuxUser: 'root', command: 'sudo \u001b[2J' }];
    expect(showReceipt(out, Receipt.fromPartial({ jtis: ['j'], survivors }))).toBe(1);
    expect(stdout.text).toContain('Ended 1 token in 0 ms.\n');
    expect(stdout.text).toContain('STILL RUNNING, could not be ended:\n  pid 77  root  sudo \\x1b[2J\n');
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
    const survivors = [{ pid: 77, linuxUser: 'root', command: 'sleep 9' }];
    expect(showReceipt(out, Receipt.fromPartial({ survivors }))).toBe(1);
    expect(stdout.text).toBe('');
    expect(stderr.text).toBe('latchkey: could not be ended: pid 77 of root, sleep 9\n');
  });

  it('says so when nothing was there to end', () => {
    const { out, stdout } = memoryOutput();
    showReceipt(out, Receipt.fromPartial({ duration: durationOf(1) }));
    expect(stdout.text).toBe('Ended nothing in 1 ms.\n');
  });
});
