/**
 * What the packaged program carries inside itself: the code of its roles, texts and addons. Promises
 * that only what is asked for is loaded, from the running file's own memory, and that nothing is ever
 * unpacked; it knows nothing of what it carries. In a run from the sources none of it is there.
 */
import { getRawAsset } from 'node:sea';
import { Script } from 'node:vm';

type Wrapper = (exports: object, require: typeof builtin, module: { exports: object }) => void;

/**
 * Runs the bundle of a role, which the build has put in beside V8's compiled form of it, and returns
 * what it exports.
 */
export function loadRole(name: string): object {
  const source = Buffer.from(getRawAsset(`${name}.cjs`)).toString('latin1');
  const cachedData = Buffer.from(getRawAsset(`${name}.cache`));
  const script = new Script(source, { filename: `latchkey:${name}`, cachedData });
  const run: Wrapper = script.runInThisContext();
  const module = { exports: {} };
  run(module.exports, builtin, module);
  return module.exports;
}

/** What bundles do not have inside is Node's own, or not there: nothing is looked for in folders. */
function builtin(name: string): object {
  const found = process.getBuiltinModule(name);
  if (found !== undefined) return found;
  throw Object.assign(new Error(`${name} is not in this program`), { code: 'MODULE_NOT_FOUND' });
}
