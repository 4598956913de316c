import { describe, expect, it } from 'vitest';
import { buildProgram } from '../src/cli/program.ts';
import { HELP, parseOptions } from './options.ts';

/** The options of the help, with a value where they take one. */
const helped = [...HELP.matchAll(/^ {2}(--[a-z-]+)( [A-Z]+)?/gm)].map(([, name = '', value]) => ({
  name,
  words: value === undefined ? [name] : [name, name === '--theme' ? 'dark' : 'x'],
}));

describe('the words behind tui', () => {
  it('are all that its help says, and are known to completion and manual page', () => {
    expect(helped.length).toBeGreaterThan(8);
    for (const { words } of helped) expect(() => parseOptions(words, {})).not.toThrow();
    const io = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin };
    const program = buildProgram(() => async () => {}, { ...io, env: {}, now: Date.now });
    const known = program.commands.find((command) => command.name() === 'tui')?.options ?? [];
    const names = helped.map(({ name }) => name).filter((name) => name !== '--help');
    expect(known.map(({ long }) => long).toSorted()).toEqual(names.toSorted());
  });

  it('say to other commands of this program the same server and the same person', () => {
    const words = ['host:1', '--run', '/r', '--ca', 'c', '--token-file', 't', '--local-admin'];
    expect(parseOptions(words, {}).connecting).toEqual([
      '--server=host:1',
      '--run=/r',
      '--ca=c',
      '--token-file=t',
      '--local-admin',
    ]);
    expect(parseOptions([], {}).connecting).toEqual([]);
  });

  it('are refused with what to do instead where there are none like that', () => {
    expect(() => parseOptions(['--teme'], {})).toThrow(/see 'latchkey tui --help'/);
    expect(() => parseOptions(['--theme', 'pink'], {})).toThrow('--theme is one of dark, light, 16, none');
    expect(() => parseOptions(['a', 'b'], {})).toThrow(/takes one server/);
  });
});
