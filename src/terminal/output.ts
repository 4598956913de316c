/**
 * All printing of the command line. Every text passes through `inert`. Results go to standard output,
 * everything else to standard error. Only on a terminal are tables cut, times relative and texts coloured.
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
  /** True when results are printed as JSON. */
  readonly json: boolean;
  /** True with --quiet: lists print only ids, actions nothing. */
  readonly quiet: boolean;
  readonly #io: Io;
  readonly #progress: Progress;
  #takeRemark: ((line: string) => void) | undefined;
  /** Colours inert text on a terminal, unless colours are off. */
  readonly paint: Paint;

  constructor(io: Io, options: OutputOptions) {
    this.#io = io;
    this.json = options.json;
    this.quiet = options.quiet;
    const { stdout, stderr, env } = io;
    const showsProgress =
      stderr.isTTY === true && env.TERM !== 'dumb' && !(this.json && stdout.isTTY !== true);
    this.#progress = new Progress(showsProgress && !this.quiet ? stderr : undefined);
    const colours = options.color && io.stdout.isTTY === true && !io.env.NO_COLOR && io.env.TERM !== 'dumb';
    this.paint = (text, style) =>
      colours && style !== undefined ? styleText(COLOURS[style], text, { validateStream: false }) : text;
  }

  /** Prints one line of the result. */
  line(text: string): void {
    this.#print(`${inert(text)}\n`);
  }

  /** Prints one line of the result, wrapped between words on a narrower terminal. */
  wrapped({ text, style }: Cell): void {
    const shown = inert(text);
    const lines = this.#width === undefined ? [shown] : wrap(shown, this.#width);
    this.#print(`${lines.map((line) => this.paint(line, style)).join('\n')}\n`);
  }

  /** Prints rows under headings; on a terminal no wider than it is. */
  table(columns: readonly Column[], rows: readonly (readonly Value[])[]): void {
    this.#print(`${layToFit(columns, this.#inertCells(rows), this.#width, this.paint).join('\n')}\n`);
  }

  /** Returns a table's lines, `width` columns wide, one line per row. */
  tableLines(columns: readonly Column[], rows: readonly (readonly Value[])[], width: number): string[] {
    return layTable(columns, this.#inertCells(rows), width, this.paint);
  }

  /** Returns one line, cut to `width` columns. */
  cutLine({ text, style }: Cell, width: number): string {
    return this.paint(truncate(inert(text), width), style);
  }

  /** Prints names and values, one pair per line; omits pairs without a value. */
  fields(pairs: readonly (readonly [name: string, value: Value])[]): void {
    const cells = pairs.map(([name, value]) => [name, inertCell(this.cell(value, 2))] as const);
    for (const line of layKeyValues(cells, this.#width, this.paint)) this.#print(`${line}\n`);
  }

  /** Prints the whole result as one JSON object. */
  document(value: object): void {
    this.#print(`${inertJson(value, 2)}\n`);
  }

  /** Prints one of many results as a line of JSON. */
  event(value: object): void {
    this.#print(`${inertJson(value)}\n`);
  }

  /** Prints this program's own text with line breaks: help, completion scripts. */
  text(text: string): void {
    this.#print(text);
  }

  /** Prints a remark that is not the result; omitted with --quiet. */
  note(text: string): void {
    if (!this.quiet) this.#remark(inert(text));
  }

  /** Prints a failure, in one line. */
  problem(text: string): void {
    this.#remark(`latchkey: ${inert(text)}`);
  }

  /** Passes notes and failures to `take`, as inert lines, until the result is disposed of. */
  divertRemarks(take: (line: string) => void): Disposable {
    this.#takeRemark = take;
    return {
      [Symbol.dispose]: () => {
        this.#takeRemark = undefined;
      },
    };
  }

  /** Returns the result of `work`. When that takes long, shows `what` and the elapsed time on a terminal. */
  whileWaiting<Result>(what: string | (() => string), work: Promise<Result>): Promise<Result> {
    return this.#progress.while(() => inert(typeof what === 'string' ? what : what()), work);
  }

  /**
   * Formats a value as text that is not yet inert. Times are relative on a terminal, and ISO 8601 in a file
   * or a pipe.
   */
  cell(value: Value, units: 1 | 2 = 1): Cell {
    if (value === undefined) return { text: '' };
    if (!(value instanceof Date)) return typeof value === 'string' ? { text: value } : value;
    const isTerminal = this.#io.stdout.isTTY === true;
    return { text: isTerminal ? relativeTime(value, this.#io.now(), units) : value.toISOString() };
  }

  #inertCells(rows: readonly (readonly Value[])[]): Cell[][] {
    return rows.map((row) => row.map((value) => inertCell(this.cell(value))));
  }

  /** Columns of the terminal that results go to; undefined without one. */
  get #width(): number | undefined {
    return this.#io.stdout.isTTY === true ? this.#io.stdout.columns || undefined : undefined;
  }

  #print(text: string): void {
    this.#progress.erase();
    this.#io.stdout.write(text);
  }

  #remark(line: string): void {
    if (this.#takeRemark !== undefined) this.#takeRemark(line);
    else {
      this.#progress.erase();
      this.#io.stderr.write(`${line}\n`);
    }
  }
}

function inertCell(cell: Cell): Cell {
  return { ...cell, text: inert(cell.text) };
}
