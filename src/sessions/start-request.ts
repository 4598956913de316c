/** The request to start a program, and its checks. */
import { invalidField } from '../errors.ts';
import type { TokenClaims } from '../token/claims.ts';
import { bytesOf } from '../values/raw-text.ts';
import { checkedTerminalSize, type TerminalSize } from '../values/terminal-size.ts';

export interface StartRequest {
  readonly claims: TokenClaims;
  /** The program and its arguments, as raw text (values/raw-text.ts), like the texts that follow. */
  readonly command: readonly string[];
  /** Variables added to the user's own environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute path; empty for the home directory. */
  readonly directory: string;
  /** Sent as the program's first line of input, as JSON. */
  readonly stdin?: Readonly<Record<string, unknown>> | undefined;
  /** True to keep the input open. */
  readonly input: boolean;
  /** True when the caller attaches next: the program's output then waits for it. */
  readonly attach?: boolean;
  /** Set to run the program in a terminal of this size; an empty command is then the user's login shell. */
  readonly terminal?: TerminalSize | undefined;
}

/** Longest request: command, environment, directory and first input together, in bytes. */
const MAX_BYTES = 128 * 1024;
/** Longest path that Linux accepts, in bytes (PATH_MAX without the NUL). */
const MAX_PATH_BYTES = 4095;
const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const RESERVED_PREFIX = 'LATCHKEY_';
/** Members of `stdin` that only the server may set: from a caller they are dropped (DESIGN 8). */
const RESERVED_MEMBERS = new Set(['userData', 'login', 'user', 'groups']);

/** Checks a request and returns the program's first input. Throws INVALID_ARGUMENT, which names the field. */
export function checkStart(request: StartRequest): { firstInput: Buffer } {
  const { command, environment, directory, stdin, terminal } = request;
  if (terminal !== undefined) checkedTerminalSize(terminal, 'terminal');
  const isLoginShell = terminal !== undefined && command.length === 0;
  if (!command[0] && !isLoginShell) throw invalidField('command', 'must name a program');
  if (command.some(hasNul)) throw invalidField('command', 'must not contain NUL');
  for (const [name, value] of Object.entries(environment)) {
    if (!VARIABLE_NAME.test(name))
      throw invalidField('environment', `${JSON.stringify(name)} is not a valid variable name`);
    if (name.startsWith(RESERVED_PREFIX))
      throw invalidField('environment', `names that begin with ${RESERVED_PREFIX} are reserved`);
    if (hasNul(value)) throw invalidField('environment', `${name}: must not contain NUL`);
  }
  if (hasNul(directory)) throw invalidField('directory', 'must not contain NUL');
  if (directory !== '' && !directory.startsWith('/'))
    throw invalidField('directory', 'must be an absolute path');
  if (bytesOf(directory).length > MAX_PATH_BYTES)
    throw invalidField('directory', `longer than ${MAX_PATH_BYTES} bytes`);
  const firstInput = stdin ? jsonLine(stdin) : Buffer.alloc(0);
  const texts = [...command, directory, ...Object.entries(environment).flat()];
  const bytes = texts.reduce((sum, text) => sum + bytesOf(text).length + 1, firstInput.length);
  if (bytes > MAX_BYTES)
    throw invalidField('command', `at most ${MAX_BYTES} bytes, with environment, directory and stdin`);
  return { firstInput };
}

function jsonLine(stdin: Readonly<Record<string, unknown>>): Buffer {
  const allowed = Object.entries(stdin).filter(([name]) => !RESERVED_MEMBERS.has(name));
  return Buffer.from(`${JSON.stringify(Object.fromEntries(allowed))}\n`);
}

function hasNul(text: string): boolean {
  return text.includes('\0');
}
