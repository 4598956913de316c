import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ErrorReason } from '../../src/generated/latchkey/v1/error.ts';
import {
  LinkUse,
  Refusal,
  RefusalKind,
  WatchActivityResponse,
} from '../../src/generated/latchkey/v1/system.ts';
import { AuthMethod, Login } from '../../src/generated/latchkey/v1/token.ts';
import { displayWidth } from '../../src/terminal/display-width.ts';
import { size } from '../../src/terminal/format.ts';
import { HOSTILE_UNITS } from '../../test/support/terminal/hostile-text.ts';
import type { Frame } from '../screen.ts';
import { appearanceOf } from '../view/theme.ts';
import { share } from './numbers.ts';
import { type Overview, picture } from './picture.ts';

const NOW = 3_600_000;

function overview(name = 'alice', many = 20): Overview {
  const each = <T>(make: (at: number) => T): T[] => Array.from({ length: many }, (_, at) => make(at));
  return {
    activity: WatchActivityResponse.fromPartial({
      logins: 12,
      tokens: 34,
      links: 8,
      sessions: 5,
      minutes: Array.from({ length: 60 }, (_, at) => ({
        logins: at === 59 ? 3 : 0,
        calls: at,
        revocations: 0,
        refusals: at % 7 === 0 ? 99 : 0,
      })),
      serverUse: { cpuShare: 0.034, memoryBytes: 117_440_512, since: new Date(0) },
      linksUse: {
        measured: 8,
        cpuShare: 1.5,
        memoryBytes: 3_221_225_472,
        top: each((at) =>
          LinkUse.fromPartial({
            linuxUser: `${name}${at}`,
            cpuShare: 0.5,
            memoryBytes: 2_097_152,
            sessions: at,
            pid: at,
          }),
        ),
      },
      refusals: each((at) =>
        Refusal.fromPartial({
          kind: RefusalKind.LOGIN,
          login: `${name}${at}`,
          source: '10.0.0.1',
          count: at + 1,
          reason: ErrorReason.LOGIN_REFUSED,
          authMethod: AuthMethod.SSH,
          lastAt: new Date(NOW - 5_000),
        }),
      ),
    }),
    latest: each((at) =>
      Login.fromPartial({ login: `${name}${at}`, tokens: 2, newestIssuedAt: new Date(NOW - 60_000) }),
    ),
  };
}

function drawn(
  columns: number,
  rows: number,
  of = overview(),
  appearance: Frame['appearance'] = appearanceOf('none', false),
): string[] {
  return picture(of, { columns, rows, nowMs: NOW, appearance }).map(stripVTControlCharacters);
}

describe('the overview', () => {
  it('fits into every terminal', () => {
    for (const [columns, rows] of [
      [80, 19],
      [60, 10],
      [200, 45],
      [139, 60],
      [140, 20],
      [20, 5],
      [300, 80],
    ] as const)
      for (const of of [overview(), overview('x', 0), overview('日本'.repeat(20), 50)]) {
        const lines = drawn(columns, rows, of);
        if (rows >= 10) expect([columns, rows, lines.length <= rows]).toEqual([columns, rows, true]);
        expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
      }
  });

  it('shows the numbers of everything that it draws, and the usage', () => {
    expect(drawn(80, 19).slice(0, 3)).toEqual([
      '12 logins, 34 tokens, 8 links and 5 sessions running',
      'server: 3.4% CPU, 112 MiB, up 1 h  links: 150% CPU, 3.0 GiB',
      '',
    ]);
    const [logins = '', calls = '', revocations = '', refusals = ''] = drawn(80, 19).slice(3, 7);
    const widths = [logins, calls, revocations, refusals].map((line) => line.lastIndexOf('  '));
    expect(new Set(widths).size).toBe(1);
    expect(logins).toMatch(/^logins {7}·+█ {2}3 in the last hour, at most 3 a minute$/);
    expect(calls).toMatch(/^calls {8}▁+▂+.*█ {2}1,770 in the last hour, at most 59 a minute$/);
    expect(revocations).toMatch(/^revocations {2}·+ {2}none in the last hour$/);
    expect(refusals).toMatch(/^refusals {5}[█·]+ {2}891 in the last hour, at most 99 a minute$/);
  });

  it('shows the refusals even in a small terminal, and fills a large one', () => {
    const small = drawn(60, 10).join('\n');
    expect(small).toMatch(/REFUSED .*\nlogin +5 s ago +1 +alice0/);
    expect(small).not.toMatch(/BUSIEST|LATEST/);
    const medium = drawn(80, 19);
    expect(medium.length).toBe(19);
    expect(medium.join('\n')).toMatch(/BUSIEST LINKS[\s\S]*alice3 [\s\S]*REFUSED/);
    const large = drawn(200, 45);
    expect(large.length).toBe(45);
    expect(large.join('\n')).toMatch(/LATEST[\s\S]*alice15 +1 min ago[\s\S]*REFUSED/);
    expect(large.filter((line) => line.includes('█')).length).toBeGreaterThan(8);
  });

  it('is text without charts for a screen reader', () => {
    const lines = drawn(80, 19, overview(), appearanceOf('none', false, true));
    expect(lines).toContain('calls: 1,770 in the last hour, at most 59 a minute');
    expect(lines).toContain('latest logins alice0, logged in 1 min ago, tokens 2, links 0, sessions 0');
    expect(lines).toContain(
      'refused login, last 5 s ago, count 1, caller alice0 from 10.0.0.1, reason LOGIN_REFUSED, method ssh',
    );
    expect(lines.join('')).not.toMatch(/[▁-█·]/);
  });

  it('lets no foreign text reach the terminal raw, and draws in ASCII with --ascii', () => {
    const name = fc.string({ unit: fc.constantFrom(...HOSTILE_UNITS) });
    fc.assert(
      fc.property(name, (text) => {
        for (const columns of [80, 200])
          for (const ascii of [false, true]) {
            const appearance = { ...appearanceOf('none', ascii), paint: (line: string) => line };
            const lines = picture(overview(text, 3), { columns, rows: 40, nowMs: NOW, appearance });
            expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
            if (ascii) expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/);
            expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
          }
      }),
      { numRuns: 50 },
    );
  });

  it('formats usage', () => {
    expect([0, 0.0004, 0.034, 0.12, 1.5, undefined].map(share)).toEqual([
      '0%',
      '0.0%',
      '3.4%',
      '12%',
      '150%',
      '',
    ]);
    expect([0, 900_000, 117_440_512, 3_221_225_472].map(size)).toEqual([
      '0 KiB',
      '879 KiB',
      '112 MiB',
      '3.0 GiB',
    ]);
  });
});
