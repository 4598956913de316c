import { describe, expect, it } from 'vitest';
import { SessionState } from '../../src/generated/latchkey/v1/session.ts';
import { HARMFUL, HOSTILE } from '../../test/support/terminal/hostile-text.ts';
import { sessions } from '../screens/sessions.ts';
import { type OutputView, outputState, scrolledBy, viewOnOutput, visibleLines, withText } from './output.ts';

const PAGE = { columns: 20, height: 4 };
const action = sessions.actions.find((each) => each.kind === 'show');
if (action?.kind !== 'show') throw new Error('sessions have no action that shows output');
const source = { action, target: { id: 's1', title: `session s1 ${SessionState.RUNNING}` } };
const empty = viewOnOutput(sessions, source);

function shown(...texts: string[]): string[] {
  return visibleLines(texts.reduce(withText, empty), PAGE);
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, at) => `line ${at}\n`).join('');
}

describe('the output of a session', () => {
  it('is shown line by line, with the newest at the end, also an unfinished one', () => {
    expect(shown()).toEqual([]);
    expect(shown('a\n', 'b')).toEqual(['a', 'b']);
    expect(shown('a\nb', 'c\n\n', 'd\n')).toEqual(['a', 'bc', '', 'd']);
    expect(shown(numbered(9))).toEqual(['line 5', 'line 6', 'line 7', 'line 8']);
    expect(shown(`${numbered(3)}${'x'.repeat(50)}\n`)).toEqual([
      'line 2',
      'x'.repeat(20),
      'x'.repeat(20),
      'x'.repeat(10),
    ]);
    expect(shown(`${'x'.repeat(500)}\na\nb\n`)).toEqual(['x'.repeat(20), 'x'.repeat(20), 'a', 'b']);
  });

  it('is shown as on a terminal, without colours, and inert', () => {
    expect(shown('\u001b[31mred\u001b', '[0m\tx\r\n')).toEqual(['red     x']);
    expect(shown('10 %\r20 %\r', '30 %', '\r40 %\n')).toEqual(['40 %']);
    for (const text of Object.values(HOSTILE)) {
      const { columns } = PAGE;
      for (const line of shown(text)) {
        expect(line).not.toMatch(HARMFUL);
        expect(line.length).toBeLessThanOrEqual(columns * 8); // combining characters take no column
      }
    }
  });

  it('scrolls, stays where it was scrolled to, and follows again from its end', () => {
    const all = withText(empty, numbered(9));
    const up = scrolledBy(all, -2, PAGE);
    expect(visibleLines(up, PAGE)).toEqual(['line 3', 'line 4', 'line 5', 'line 6']);
    expect(visibleLines(withText(up, 'more\n'), PAGE)).toEqual(visibleLines(up, PAGE));
    expect(outputState(up).text).toMatch(/^running.* · line 4 of 9 · G goes to the end$/);
    const first = scrolledBy(up, Number.NEGATIVE_INFINITY, PAGE);
    expect(visibleLines(first, PAGE)[0]).toBe('line 0');
    for (const by of [5, Number.POSITIVE_INFINITY]) {
      const end = scrolledBy(first, by, PAGE);
      expect(visibleLines(withText(end, 'more\n'), PAGE).at(-1)).toBe('more');
    }
  });

  it('keeps a bounded number of bounded lines, and says where the older ones are', () => {
    const much = [numbered(4000), 'y'.repeat(100_000), `\n${numbered(4000)}`].reduce<OutputView>(
      withText,
      scrolledBy(withText(empty, numbered(9)), -1, PAGE),
    );
    expect(much.lines).toHaveLength(5_000);
    expect(Math.max(...much.lines.map((line) => line.length))).toBeLessThanOrEqual(2_000);
    expect(outputState(much).text).toContain('line 1 of 4999');
    expect(outputState(much).text).toContain('older lines: latchkey sessions read s1');
  });
});
