import { describe, expect, test } from 'vitest';
import { View } from './view.ts';

const view = new View(`Latchkey  root (admin)  host:7300      ● live
 1 Overview  2 Logins  3 Tokens  4 Links
Tokens · 2 of 2
  TOKEN  LOGIN  METHOD
  t1     alice  link
▸●t2     bob    local

Revoked 1 token.
? help  x revoke  q quit
`);

describe('what a terminal shows', () => {
  test('has a line for each row, and those of the dashboard by name', () => {
    expect(view.lines).toHaveLength(9);
    expect(view.header).toMatch(/● live$/);
    expect(view.tabs).toMatch(/^ 1 Overview/);
    expect(view.title).toBe('Tokens · 2 of 2');
    expect(view.selected).toBe('●t2     bob    local');
    expect(view.prompt).toBe('Revoked 1 token.');
    expect(view.footer).toBe('? help  x revoke  q quit');
    expect(view.line(/alice/)).toBe('  t1     alice  link');
    expect(view.line('carol')).toBe('');
  });

  test('lacks nothing of what it shows, all at once', () => {
    const wanted = { header: 'live', title: /^Tokens/, selected: 'bob', footer: 'x revoke', no: 'carol' };
    expect(view.lacks({ ...wanted, line: ['alice', 'bob'], lines: [/alice/, /bob/, /^$/] })).toEqual([]);
    expect(view.lacks({ each: ['bob', 'alice'] })).toEqual([]);
    expect(view.lacks({})).toEqual([]);
  });

  test.for([
    [{ title: 'Links' }, 'title with "Links", where there is "Tokens · 2 of 2"'],
    [{ selected: /alice/ }, 'selected like /alice/, where there is "●t2     bob    local"'],
    [{ line: 'carol' }, 'a line with "carol"'],
    [{ line: ['bob', 'alice'] }, 'a line with "bob", then one further down with "alice"'],
    [{ line: ['alice', 'link'] }, 'a line with "alice", then one further down with "link"'],
    [{ lines: [/alice/, /^$/] }, 'in a row the lines like /alice/, like /^$/'],
    [{ lines: [/quit/, /^$/] }, 'in a row the lines like /quit/, like /^$/'],
    [{ each: ['bob', 'carol'] }, 'a line with "carol"'],
    [{ no: 'bob' }, 'no line with "bob"'],
  ] as const)('lacks %o, and says so', ([wanted, said]) => {
    expect(view.lacks(wanted)).toEqual([said]);
  });
});
