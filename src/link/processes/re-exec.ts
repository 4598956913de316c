/** Runs this same program again, in the same role or another one. */
import { isSea } from 'node:sea';
import { setAside } from '../../entry/set-aside.ts';

const STEERING = /^(NODE_|LD_|V8_|UV_)/;

/**
 * Returns the program and arguments that run this role with `words`; `argv` are this process's own
 * arguments after the role's name. A packaged binary has no script argument.
 */
export function reExecCommand(argv: readonly string[], words: readonly string[]): [string, string[]] {
  const before = process.argv.slice(1, process.argv.length - argv.length);
  const own = isSea() ? before.slice(1) : [...process.execArgv, ...before];
  return [process.execPath, [...own, ...words]];
}

/** Returns the program and arguments that run this program with `words`, the first of which names a role. */
export function ownCommand(words: readonly string[]): [string, ...string[]] {
  const script = isSea() ? [] : [...process.execArgv, ...process.argv.slice(1, 2)];
  return [process.execPath, ...script, ...words];
}

/** Returns the environment with variables set aside that change how Node or the dynamic linker behaves. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return setAside(environment, STEERING);
}
