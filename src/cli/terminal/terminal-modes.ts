/**
 * Knows what a program has changed in its terminal besides the text on the screen: modes, title, scroll
 * region, cursor, keyboard and colours. From that, another terminal is brought to the same state, or the
 * present one back to its usual state. Sequences are those of ECMA-48, DEC, xterm and kitty.
 */

/** DEC private modes that are on by default: auto-wrap, auto-repeat and the visible cursor. */
const ON_BY_DEFAULT: ReadonlySet<string> = new Set(['?7', '?8', '?25']);
const ALTERNATE_SCREENS = ['?1049', '?1047', '?47'];
const HIDDEN_CURSOR = '?25';
/** Modes that are kept elsewhere, or only for a moment: alternate screens, a saved cursor, a frame. */
const PASSING: ReadonlySet<string> = new Set([...ALTERNATE_SCREENS, '?1048', '?2026']);
/** Modes that a soft reset (DECSTR) ends. */
const SOFT = ['4', '?1', '?6', '?7', '?25', '?66'];
/** Commands that set a colour, or begin a link, and those that undo that. */
const UNDONE: Readonly<Record<string, string>> = {
  '4': '104',
  '8': '8;;',
  '10': '110',
  '11': '111',
  '12': '112',
};

const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences begin with them
  /\x1b(?:\[(?<csi>[0-?]*[ -/]*[@-~])|\](?<osc>[^\x07\x1b]*)(?:\x07|\x1b\\)|(?<esc>[=>c]))/g;
/** The beginning of a sequence whose end has not come yet. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control sequences begin with them
const UNFINISHED = /\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?$/;
/** Longest sequence that is waited for, in bytes. */
const MAX_SEQUENCE_BYTES = 4096;

/** A place on the screen, from 1. */
export interface Place {
  readonly row: number;
  readonly column: number;
}

/** Sequences that make a screen ready to be drawn from its first place on. */
export const PLAIN = '\x1b[m\x1b(B\x0f\x1b[4l\x1b[?6l\x1b[?7h\x1b[r\x1b[H';

export class TerminalModes {
  #modes = new Map<string, boolean>();
  #keys = new Map<string, string>();
  #keyboards: string[] = [];
  #undone = new Set<string>();
  #title: string | undefined;
  #savedTitles: (string | undefined)[] = [];
  #region = '';
  #cursorStyle = '';
  #isAlternate = false;
  #isTouched = false;
  #rest = '';

  /** True on the alternate screen, as for most programs that use the whole screen. */
  get isAlternate(): boolean {
    return this.#isAlternate;
  }

  /** True when text of another program between the lines would spoil what is drawn. */
  get isDrawn(): boolean {
    return this.#isAlternate || this.#modes.get(HIDDEN_CURSOR) === false;
  }

  /** Takes output of the program. */
  take(data: Uint8Array): void {
    if (this.#rest === '' && data.indexOf(0x1b) < 0) return;
    this.#isTouched = true;
    const text = this.#rest + Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
    for (const { groups = {} } of text.matchAll(SEQUENCE)) {
      if (groups.csi !== undefined) this.#control(groups.csi);
      else if (groups.osc !== undefined) this.#command(groups.osc);
      else this.#escape(groups.esc ?? '');
    }
    const [rest = ''] = UNFINISHED.exec(text.slice(-MAX_SEQUENCE_BYTES)) ?? [];
    this.#rest = rest;
  }

  /** Forgets the scroll region, which ends when the terminal is resized. */
  resized(): void {
    this.#region = '';
  }

  /** Sequences that set what text on a screen depends on. `cursor` is its place on that screen. */
  screen({ row, column }: Place): string {
    const modes = [...this.#modes].map(([mode, on]) => modeSequence(mode, on)).join('');
    const isOrigin = this.#modes.get('?6') === true;
    if (this.#region === '' && !isOrigin) return modes;
    const top = isOrigin ? Number(this.#region.split(';', 1)[0]) || 1 : 1;
    return `\x1b[${this.#region}r${modes}\x1b[${Math.max(1, row - top + 1)};${column}H`;
  }

  /** Sequences that give a terminal of which nothing has been changed the rest of the state. */
  get others(): string {
    return [
      ...this.#keyboards.map((flags) => `\x1b[>${flags}u`),
      ...[...this.#keys].map(([resource, value]) => `\x1b[>${resource};${value}m`),
      this.#cursorStyle && `\x1b[${this.#cursorStyle} q`,
      this.#title !== undefined && `\x1b]2;${Buffer.from(this.#title, 'latin1')}\x1b\\`,
    ]
      .filter(Boolean)
      .join('');
  }

  /** Sequences that undo what has been changed, and leave the alternate screen; '' when nothing was. */
  get undo(): string {
    if (!this.#isTouched) return '';
    const changed = [...this.#modes].filter(([mode, on]) => on !== ON_BY_DEFAULT.has(mode));
    const undone = [...this.#undone].map((number) => `\x1b]${UNDONE[number]}\x1b\\`);
    const noRegion = this.#isAlternate ? '\x1b[r' : '\x1b7\x1b[r\x1b8';
    return [
      ...changed.map(([mode, on]) => modeSequence(mode, !on)),
      this.#keyboards.length > 0 && `\x1b[<${this.#keyboards.length}u`,
      ...[...this.#keys.keys()].map((resource) => `\x1b[>${resource}m`),
      ...undone,
      this.#cursorStyle && '\x1b[0 q',
      this.#region && noRegion,
      '\x1b[m\x1b(B\x0f',
      this.#isAlternate && '\x1b[?1049l',
    ]
      .filter(Boolean)
      .join('');
  }

  /** Number of titles that the program has put on the terminal's stack. */
  get savedTitles(): number {
    return this.#savedTitles.length;
  }

  #control(sequence: string): void {
    const final = sequence.at(-1);
    const parameters = sequence.slice(0, -1);
    const [, mark = '', numbers = ''] = /^([?>=<]?)([\d;:]*)$/.exec(parameters) ?? [];
    if (final === 'h' || final === 'l') this.#setModes(mark, numbers, final === 'h');
    else if (final === 'r' && mark === '') this.#region = numbers;
    else if (final === 'u') this.#keyboard(mark, numbers);
    else if (final === 'm' && mark === '>') this.#key(numbers);
    else if (final === 't' && mark === '') this.#saveTitle(numbers);
    else if (final === 'q' && parameters.endsWith(' ')) this.#cursorStyle = parameters.slice(0, -1);
    else if (sequence === '!p') this.#softReset();
  }

  #setModes(mark: string, numbers: string, on: boolean): void {
    for (const number of numbers.split(';')) {
      const mode = mark + number;
      if (ALTERNATE_SCREENS.includes(mode)) this.#isAlternate = on;
      if (!PASSING.has(mode) && number !== '') this.#modes.set(mode, on);
    }
  }

  #keyboard(mark: string, numbers: string): void {
    if (mark === '>') this.#keyboards.push(numbers);
    if (mark === '<') this.#keyboards.splice(-(Number(numbers) || 1));
    if (mark === '=' && this.#keyboards.length > 0)
      this.#keyboards.splice(-1, 1, numbers.split(';', 1)[0] ?? '');
  }

  #key(numbers: string): void {
    const [resource = '', value] = numbers.split(';');
    if (value === undefined || value === '0') this.#keys.delete(resource);
    else this.#keys.set(resource, value);
  }

  #saveTitle(numbers: string): void {
    if (/^22(;|$)/.test(numbers)) this.#savedTitles.push(this.#title);
    if (/^23(;|$)/.test(numbers)) this.#title = this.#savedTitles.pop();
  }

  #command(text: string): void {
    const [, number = '', value = ''] = /^(\d+);?(.*)$/s.exec(text) ?? [];
    if (number === '0' || number === '2') this.#title = value;
    if (UNDONE[number] !== undefined && !value.endsWith('?')) this.#undone.add(number);
  }

  #escape(final: string): void {
    if (final === 'c') this.#hardReset();
    else this.#modes.set('?66', final === '='); // DECNKM, the same as DECKPAM and DECKPNM
  }

  #softReset(): void {
    for (const mode of SOFT) this.#modes.delete(mode);
    this.#region = '';
  }

  #hardReset(): void {
    this.#modes = new Map();
    this.#keys = new Map();
    this.#keyboards = [];
    this.#region = '';
    this.#cursorStyle = '';
    this.#isAlternate = false;
  }
}

function modeSequence(mode: string, on: boolean): string {
  if (mode === '?66') return on ? '\x1b=' : '\x1b>';
  return `\x1b[${mode}${on ? 'h' : 'l'}`;
}
