/** What a start may ask for, and how a link is told. */
import { AppError } from '../errors.ts';
import type { TokenClaims } from '../token/claims.ts';

export interface StartRequest {
  readonly claims: TokenClaims;
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Added to the user's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute; the home directory when empty. */
  readonly directory: string;
  /** When given, the program's first line of input, as JSON. */
  readonly stdin?: Readonly<Record<string, unknown>> | undefined;
  /** Whether input stays open. */
  readonly input: boolean;
  /** Whether the caller attaches next, and must not miss anything until then. */
  readonly attach?: boolean;
}

/** Of command, environment, directory and first input together. */
const MAX_BYTES = 128 * 1024;
/** As long as Linux takes a path (PATH_MAX), its NUL left out. */
const MAX_PATH_BYTES = 4095;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const OURS = 'LATCHKEY_';
/** What only the daemon may say of a caller: a caller's own word for it is dropped (DESIGN 8). */
const RESERVED = new Set(['userData', 'login', 'user', 'groups']);

/** The first bytes of input that `request` asks for. Throws INVALID_ARGUMENT, naming the field. */
export function checkStart(request: StartRequest): { firstInput: Buffer } {
  const { command, environment, directory, stdin } = request;
  if (!command[0]) throw invalid('command', 'at least a program is needed');
  if (command.some(hasNul)) throw invalid('command', 'NUL cannot be passed on');
  for (const [name, value] of Object.entries(environment)) {
    if (!NAME.test(name)) throw invalid('environment', `${JSON.stringify(name)} is no name of a variable`);
    if (name.startsWith(OURS)) throw invalid('environment', `names beginning ${OURS} are the server's`);
    if (hasNul(value)) throw invalid('environment', `${name}: NUL cannot be passed on`);
  }
  if (hasNul(directory)) throw invalid('directory', 'NUL cannot be passed on');
  if (directory !== '' && !directory.startsWith('/'))
    throw invalid('directory', 'an absolute path is wanted');
  if (Buffer.byteLength(directory) > MAX_PATH_BYTES) throw invalid('directory', 'longer than any path');
  const firstInput = stdin ? lineOf(stdin) : Buffer.alloc(0);
  const texts = [...command, directory, ...Object.entries(environment).flat()];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, firstInput.length);
  if (bytes > MAX_BYTES) throw invalid('command', `with environment and stdin ${MAX_BYTES} bytes at most`);
  return { firstInput };
}

function lineOf(stdin: Readonly<Record<string, unknown>>): Buffer {
  const told = Object.entries(stdin).filter(([name]) => !RESERVED.has(name));
  return Buffer.from(`${JSON.stringify(Object.fromEntries(told))}\n`);
}

function hasNul(text: string): boolean {
  return text.includes('\0');
}

function invalid(field: string, why: string): AppError {
  return new AppError('INVALID_ARGUMENT', `${field}: ${why}`);
}
