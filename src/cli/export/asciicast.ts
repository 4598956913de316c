/**
 * Writes a terminal's output as an asciicast: JSON lines, a header and then one event each
 * (https://docs.asciinema.org/manual/asciicast/v2/ and .../v3/). Characters that a terminal would interpret
 * are escaped, so that the file itself can be shown.
 */
import { inertJson } from '../../inert.ts';
import { type TerminalSize, terminalSizeText } from '../../values/terminal-size.ts';

export type CastVersion = 2 | 3;

/** Content of the header; empty texts are left out. */
export interface CastHeader {
  readonly size: TerminalSize;
  /** The time of all events is relative to this one. Milliseconds since 1970. */
  readonly beganMs: number;
  readonly title: string;
  readonly command: string;
  readonly term: string;
  readonly shell: string;
}

export class Asciicast {
  readonly #version: CastVersion;
  readonly #beganMs: number;
  readonly #write: (line: string) => void;
  /** Joins characters whose bytes come in several pieces, and replaces invalid bytes by U+FFFD. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #lastMs: number;

  /** Writes the header. `write` gets whole lines. */
  constructor(version: CastVersion, header: CastHeader, write: (line: string) => void) {
    this.#version = version;
    this.#beganMs = header.beganMs;
    this.#lastMs = header.beganMs;
    this.#write = write;
    write(`${inertJson(version === 2 ? headerV2(header) : headerV3(header))}\n`);
  }

  /** Time of the last event, in milliseconds since 1970. */
  get lastMs(): number {
    return this.#lastMs;
  }

  output(timeMs: number, bytes: Uint8Array): void {
    this.#text(timeMs, this.#decoder.decode(bytes, { stream: true }));
  }

  resize(timeMs: number, size: TerminalSize): void {
    this.#event(timeMs, 'r', terminalSizeText(size));
  }

  /** Writes a remark, which players show, or stop at. Output after it does not continue the one before. */
  marker(timeMs: number, label: string): void {
    this.end();
    this.#event(timeMs, 'm', label);
  }

  /** Writes the exit status, which version 2 does not have. */
  exit(timeMs: number, status: number): void {
    if (this.#version === 3) this.#event(timeMs, 'x', String(status));
  }

  /** Writes what is left of a character that is not complete. */
  end(): void {
    this.#text(this.#lastMs, this.#decoder.decode());
  }

  #text(timeMs: number, text: string): void {
    if (text !== '') this.#event(timeMs, 'o', text);
  }

  /** Version 2 has times since the beginning, version 3 since the event before. Neither goes backwards. */
  #event(timeMs: number, code: string, data: string): void {
    const time = Math.max(this.#lastMs, timeMs);
    const since = this.#version === 2 ? this.#beganMs : this.#lastMs;
    this.#lastMs = time;
    this.#write(`[${((time - since) / 1000).toFixed(3)}, "${code}", ${inertJson(data)}]\n`);
  }
}

function headerV2({ size, beganMs, title, command, term, shell }: CastHeader): object {
  return {
    version: 2,
    width: size.columns,
    height: size.rows,
    timestamp: Math.floor(beganMs / 1000),
    ...given({ title, command }),
    env: given({ TERM: term, SHELL: shell }),
  };
}

function headerV3({ size, beganMs, title, command, term, shell }: CastHeader): object {
  return {
    version: 3,
    term: { cols: size.columns, rows: size.rows, ...given({ type: term }) },
    timestamp: Math.floor(beganMs / 1000),
    ...given({ title, command }),
    env: given({ SHELL: shell }),
  };
}

/** Returns the texts that are not empty. */
function given(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}
