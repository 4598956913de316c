/** The appearance: colours by theme, and ASCII for terminals without UTF-8. */
import { THEMES } from '../../src/entry/roles/tui.ts';
import { displayWidth, graphemesOf } from '../../src/terminal/display-width.ts';
import type { Style as TableStyle } from '../../src/terminal/table.ts';

export { THEMES };

export type Theme = (typeof THEMES)[number];
export type Style = TableStyle | 'cursor' | 'title' | 'current';

export interface Appearance {
  readonly paint: (text: string, style: Style | undefined) => string;
  /** Converts a line to ASCII where that is wanted, before it is coloured. */
  readonly plain: (text: string) => string;
  /** True for a screen reader: text instead of charts and tables. */
  readonly isSpoken: boolean;
}

/** Select Graphic Rendition (ECMA-48, 8.3.117), without the last letter. */
const SGR: Readonly<Record<Theme, Readonly<Record<Style, string>>>> = {
  dark: {
    heading: '1',
    good: '38;5;114',
    caution: '38;5;221',
    bad: '38;5;210',
    dim: '38;5;245',
    cursor: '7',
    title: '1;38;5;117',
    current: '1;7',
  },
  light: {
    heading: '1',
    good: '38;5;28',
    caution: '38;5;136',
    bad: '38;5;124',
    dim: '38;5;243',
    cursor: '7',
    title: '1;38;5;25',
    current: '1;7',
  },
  '16': {
    heading: '1',
    good: '32',
    caution: '33',
    bad: '31',
    dim: '2',
    cursor: '7',
    title: '1;36',
    current: '1;7',
  },
  none: { heading: '1', good: '', caution: '', bad: '', dim: '', cursor: '7', title: '1', current: '1;7' },
};

const ASCII: Readonly<Record<string, string>> = {
  '…': '~',
  '▸': '>',
  '●': '*',
  '○': 'o',
  '→': '>',
  '↑': '^',
  '↓': 'v',
  '·': '-',
  '▁': '.',
  '▂': ':',
  '▃': '=',
  '▄': '+',
  '▅': '*',
  '▆': 'x',
  '▇': '%',
  '█': '#',
};

export function appearanceOf(theme: Theme, ascii: boolean, isSpoken = false): Appearance {
  if (isSpoken) return { paint: (text) => text, plain: (text) => text, isSpoken };
  return {
    isSpoken,
    paint: (text, style) => {
      const sgr = style === undefined ? '' : SGR[theme][style];
      return sgr === '' ? text : `\u001b[${sgr}m${text}\u001b[0m`;
    },
    plain: ascii ? inAscii : (text) => text,
  };
}

/** Colours a text after `plain`, which also converts the "…" of cut texts. */
export function painter({ paint, plain }: Appearance): Appearance['paint'] {
  return (text, style) => paint(plain(text), style);
}

function inAscii(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return Array.from(graphemesOf(text), ({ segment }) => {
    if (/^[\x20-\x7e]+$/.test(segment)) return segment;
    return ASCII[segment] ?? '?'.repeat(displayWidth(segment));
  }).join('');
}

/**
 * Returns the preferences in the environment: no colours (no-color.org), ASCII (locale(7)), a screen reader
 * (Ink).
 */
export function preferencesIn(env: NodeJS.ProcessEnv): { theme: Theme; ascii: boolean; spoken: boolean } {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return {
    theme: env.NO_COLOR ? 'none' : '16',
    ascii: !/utf-?8/i.test(locale),
    spoken: env.INK_SCREEN_READER === 'true',
  };
}
