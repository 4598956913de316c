/** The key that leaves a session with a terminal, which the program there never gets. */
import { InvalidArgumentError, Option } from 'commander';
import { AppError } from '../../errors.ts';
import type { Io } from '../../terminal/io.ts';

export interface DetachKey {
  /** The key as people write it, such as "^\". */
  readonly name: string;
  /** True for what a terminal sends when that key alone is pressed. */
  isIn(typed: Uint8Array): boolean;
}

const DEFAULT = '^\\';
const CONTROL = 0x1f;
const ENV = 'LATCHKEY_DETACH_KEY';
const WRONG = "It must be ^ and a letter or one of @ [ \\ ] ^ _, such as '^]', or none.";

/** Parses the key of an option. Returns undefined for "none". */
function detachKey(text: string): DetachKey | undefined {
  if (text === 'none') return undefined;
  const [, letter] = /^\^([@-_a-z])$/.exec(text) ?? [];
  if (letter === undefined) throw new InvalidArgumentError(WRONG);
  const upper = letter.toUpperCase();
  const codes = [...new Set([upper, letter.toLowerCase()])].map((each) => each.charCodeAt(0));
  // As the byte, and as kitty and xterm report it to programs that want to know each key (CSI u, CSI 27 ~).
  const reports = codes.flatMap((code) => [`\x1b[${code};5u`, `\x1b[${code};5:1u`, `\x1b[27;5;${code}~`]);
  const sent = new Set([String.fromCharCode(upper.charCodeAt(0) & CONTROL), ...reports]);
  return {
    name: `^${upper}`,
    isIn: (typed) => typed.length < 16 && sent.has(Buffer.from(typed).toString('latin1')),
  };
}

export function detachKeyOption(): Option {
  const about =
    'the key that leaves a session with a terminal, or none (default: ^\\, or LATCHKEY_DETACH_KEY)';
  return new Option('--detach-key <key>', about).argParser((text) => {
    detachKey(text);
    return text;
  });
}

/** Returns the key that is chosen by option, else by environment, else the default. Throws USAGE. */
export function chosenDetachKey(option: string | undefined, { env }: Io): DetachKey | undefined {
  const { [ENV]: variable } = env;
  try {
    return detachKey(option ?? (variable || DEFAULT));
  } catch {
    throw new AppError('USAGE', `${ENV} is '${variable}'. ${WRONG}`);
  }
}
