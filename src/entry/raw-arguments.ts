/**
 * The command line and the environment as the kernel has them. Node.js decodes both as UTF-8 and puts U+FFFD
 * for what is not, so that a path would name another file; /proc/self has the bytes (proc_pid_cmdline(5)).
 */
import { readFileSync } from 'node:fs';
import { hasRawBytes, rawText } from '../values/raw-text.ts';

const REPLACED = '\ufffd';
const NUL = 0;

/**
 * Returns `argv`, the last arguments of this process, as raw text (values/raw-text.ts). Throws when /proc
 * does not have them.
 */
export function rawArguments(argv: readonly string[]): string[] {
  if (!argv.some((text) => text.includes(REPLACED))) return [...argv];
  const texts = textsIn('/proc/self/cmdline').slice(-argv.length);
  const isSame = argv.every((text, at) => text.includes(REPLACED) || text === texts[at]);
  if (texts.length !== argv.length || !isSame)
    throw new Error('an argument is not UTF-8, and /proc/self/cmdline does not have its bytes');
  return texts;
}

/**
 * Returns `environment`, which this process was started with, with the values as raw text. Throws when /proc
 * does not have them.
 */
export function rawEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const known = Object.entries(environment) as [string, string][];
  if (!known.some((variable) => variable.join().includes(REPLACED))) return Object.fromEntries(known);
  const variables = textsIn('/proc/self/environ').flatMap((text) => {
    const end = text.indexOf('=', 1);
    return end < 0 ? [] : [[text.slice(0, end), text.slice(end + 1)] as const];
  });
  return Object.fromEntries(variables);
}

/** Variables that this program reads, most of them paths. */
const OWN_VARIABLES = /^(?:LATCHKEY_|XDG_|HOME$|TMPDIR$)/;

/** Returns the name of a variable that this program reads and that is not UTF-8; undefined for none. */
export function rawVariable(environment: NodeJS.ProcessEnv): string | undefined {
  const names = Object.keys(environment).filter((name) => OWN_VARIABLES.test(name));
  if (!names.some((name) => environment[name]?.includes(REPLACED))) return undefined;
  const raw = rawEnvironment(environment);
  return names.find((name) => hasRawBytes(raw[name] ?? ''));
}

/** Returns the texts of a file in which each ends with NUL. */
function textsIn(path: string): string[] {
  const bytes = read(path);
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(NUL, at);
    if (end < 0) break;
    texts.push(rawText(bytes.subarray(at, end)));
    at = end + 1;
  }
  return texts;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new Error(`arguments and variables that are not UTF-8 need ${path}, which cannot be read`, {
      cause,
    });
  }
}
