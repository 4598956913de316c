/** Running this same program again, in the same role, with other words behind the role. */
import { isSea } from 'node:sea';

/**
 * The program and arguments that run this role with `words`; `argv` is what this process was given
 * behind the role's name. In a packaged binary the program is the script.
 */
export function reExecCommand(argv: readonly string[], words: readonly string[]): [string, string[]] {
  const before = process.argv.slice(1, process.argv.length - argv.length);
  const own = isSea() ? before.slice(1) : [...process.execArgv, ...before];
  return [process.execPath, [...own, ...words]];
}

/** An environment for it without what steers Node. */
export function cleanEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const steering = /^(NODE_|LD_|V8_|UV_)/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !steering.test(name)));
}
