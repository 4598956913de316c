import { describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import { type Finding, Findings } from './finding.ts';
import { lines } from './report.ts';

const plain = (text: string): string => text;
const sshd = new Findings('sshd');

describe('the report', () => {
  const findings: Finding[] = [
    new Findings('configuration').ok('/etc/latchkey/config.yaml'),
    sshd.problem('no\x1b]0;evil\x07 sshd\nok  all', 'start \u202eit'),
    sshd.warning('slow', 'wait'),
    sshd.skipped('not asked'),
  ];

  it('aligns the findings, shows remedies and counts, and escapes foreign text', () => {
    expect(lines(findings, plain)).toEqual([
      'ok       configuration  /etc/latchkey/config.yaml',
      'problem  sshd           no\\x1b]0;evil\\x07 sshd\\nok  all',
      '                        → start \\u202eit',
      'warning  sshd           slow',
      '                        → wait',
      'skipped  sshd           not asked',
      '',
      '1 ok, 1 warning, 1 problem, 1 skipped.',
    ]);
  });

  it('colours the status and the check', () => {
    const [first, second] = lines(findings, (text, style) => `<${style}>${text}</>`);
    expect(first).toBe('<good>ok       configuration</>  /etc/latchkey/config.yaml');
    expect(second).toMatch(/^<bad>problem {2}sshd {9}<\/> {2}no/);
  });
});

describe('a refusal of the daemon', () => {
  it.each([
    [
      '/x has mode 0644; expected 0600. Run: chmod 0600 /x',
      '/x has mode 0644; expected 0600',
      'chmod 0600 /x',
    ],
    ['/a. b/x is loose. Run: chmod 0600 /a. b/x', '/a. b/x is loose', 'chmod 0600 /a. b/x'],
    [
      'c.yaml:1: unknown key "x". Did you mean y? Rename it',
      'c.yaml:1: unknown key "x"',
      'Did you mean y? Rename it',
    ],
    [
      'cannot read /etc/x.d: permission denied',
      'cannot read /etc/x.d: permission denied',
      'what the check knows',
    ],
  ])('%s', (message, summary, remedy) => {
    const refusal = new AppError('CONFIG_INVALID', message);
    expect(sshd.failed(refusal, 'what the check knows')).toMatchObject({
      status: 'problem',
      summary,
      remedy,
    });
  });

  it('is not made from an unexpected error', () => {
    expect(() => sshd.failed(new TypeError('x'), 'y')).toThrow(TypeError);
  });
});
