/**
 * The one place that prints. Every text passes through `inert`, so no noun has to think of it. Results
 * go to standard output, everything said about them to standard error; tables are cut, times relative
 * and words coloured only where a person looks.
 */
import { styleText } from 'node:util';
import { inert, inertJson } from '../inert.ts';
import { truncate } from './display-width.ts';
import type { Io } from './io.ts';
import { layKeyValues, layToFit } from './key-value-list.ts';
import { Progress } from './progress.ts';
import { relativeTime } from './relative-time.ts';
import { type Cell, type Column, layTable, type Paint, type Value } from './table.ts';
import { wrap } from './wrap.ts';

const COLOURS = { heading: 'bold', good: 'green', caution: 'yellow', bad: 'red', dim: 'dim' } as const;

export interface OutputOptions {
  readonly json: boolean;
  readonly color: boolean;
  readonly quiet: boolean;
}

export class Output {
  /** Whether results are wanted as JSON. */
  readonly json: boolean;
  /** Whether nothing is wanted but what was asked for: of a list the ids, of an act nothing. */
  readonly quiet: boolean;
  readonly #io: Io;
  readonly #progress: Progress;
  /** Colours what `inert` has been over, where a person looks and wants them. */
  readonly paint: Paint;

  constructor(io: Io, options: OutputOptions) {
    this.#io = io;
    this.json = options.json;
    this.quiet = options.quiet;
    const { stdout, stderr, env } = io;
    const isWatched = stderr.isTTY === true && env.TERM !== 'dumb' && !(this.json && stdout.isTTY !== true);
    this.#progress = new Progress(isWatched && !this.quiet ? stderr : undefined);
    const colours = options.color && io.stdout.isTTY === true && !io.env.NO_COLOR && io.env.TERM !== 'dumb';
    this.paint = (text, style) =>
      colours && style !== undefined ? styleText(COLOURS[style], text, { validateStream: false }) : text;
  }

  /** One line of the result. */
  line(text: string): void {
    this.#print(`${inert(text)}\n`);
  }

  /** One line of the result, broken between words where the terminal is narrower. */
  words(text: string): void {
    const shown = inert(text);
    const lines = this.#width === undefined ? [shown] : wrap(shown, this.#width);
    this.#print(`${lines.join('\n')}\n`);
  }

  /** Rows under headings; on a terminal no wider than it is. */
  table(columns: readonly Column[], rows: readonly (readonly Value[])[]): void {
    this.#print(`${layToFit(columns, this.#inertCells(rows), this.#width, this.paint).join('\n')}\n`);
  }

  /** The same for who draws them in `width` columns, one line a row. */
  tableLines(columns: readonly Column[], rows: readonly (readonly Value[])[], width: number): string[] {
    return layTable(columns, this.#inertCells(rows), width, this.paint);
  }

  /** One line in `width` columns at most. */
  cutLine({ text, style }: Cell, width: number): string {
    return this.paint(truncate(inert(text), width), style);
  }

  /** Names and values, one pair a line; pairs without a value are left out. */
  fields(pairs: readonly (readonly [name: string, value: Value])[]): void {
    const cells = pairs.map(([name, value]) => [name, inertCell(this.cell(value, 2))] as const);
    for (const line of layKeyValues(cells, this.#width, this.paint)) this.#print(`${line}\n`);
  }

  /** The whole result as one JSON object. */
  document(value: object): void {
    this.#print(`${inertJson(value, 2)}\n`);
  }

  /** One of many results as JSON on a line of its own. */
  event(value: object): void {
    this.#print(`${inertJson(value)}\n`);
  }

  /** Text this program made itself and whose line breaks count: help, completion scripts. */
  text(text: string): void {
    this.#print(text);
  }

  /** Something worth knowing that is not the result; --quiet leaves it out. */
  note(text: string): void {
    if (!this.quiet) this.#say(`${inert(text)}\n`);
  }

  /** What went wrong, in one line. */
  problem(text: string): void {
    this.#say(`latchkey: ${inert(text)}\n`);
  }

  /** What `work` gives. A person is told what is being waited for when it takes long, and how far it is. */
  whileWaiting<Result>(what: string | (() => string), work: Promise<Result>): Promise<Result> {
    return this.#progress.while(() => inert(typeof what === 'string' ? what : what()), work);
  }

  /** A value in words, not yet inert. A moment is relative for a person, ISO 8601 in a file or a pipe. */
  cell(value: Value, units: 1 | 2 = 1): Cell {
    if (value === undefined) return { text: '' };
    if (!(value instanceof Date)) return typeof value === 'string' ? { text: value } : value;
    const isPerson = this.#io.stdout.isTTY === true;
    return { text: isPerson ? relativeTime(value, this.#io.now(), units) : value.toISOString() };
  }

  #inertCells(rows: readonly (readonly Value[])[]): Cell[][] {
    return rows.map((row) => row.map((value) => inertCell(this.cell(value))));
  }

  /** Columns of the terminal that results go to, where they go to one. */
  get #width(): number | undefined {
    return this.#io.stdout.isTTY === true ? this.#io.stdout.columns || undefined : undefined;
  }

  #print(text: string): void {
    this.#progress.erase();
    this.#io.stdout.write(text);
  }

  #say(text: string): void {
    this.#progress.erase();
    this.#io.stderr.write(text);
  }
}

function inertCell(cell: Cell): Cell {
  return { ...cell, text: inert(cell.text) };
}
