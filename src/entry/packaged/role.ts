/**
 * The contents of the packaged program: code of its roles, texts and addons. Only what is needed is
 * loaded, from the running file's own memory; nothing is unpacked to disk. In a run from the sources it
 * is empty.
 */
import { getRawAsset } from 'node:sea';
import { Script } from 'node:vm';

type Wrapper = (exports: object, require: typeof builtin, module: { exports: object }) => void;

/** Runs the bundle of a role, with V8's code cache that the build has added, and returns its exports. */
export function loadRole(name: string): object {
  const source = Buffer.from(getRawAsset(`${name}.cjs`)).toString('latin1');
  const cachedData = Buffer.from(getRawAsset(`${name}.cache`));
  const script = new Script(source, { filename: `latchkey:${name}`, cachedData });
  const run: Wrapper = script.runInThisContext();
  const module = { exports: {} };
  run(module.exports, builtin, module);
  return module.exports;
}

/** Resolves a module that is not in the bundle: a built-in of Node or an error, never a file. */
function builtin(name: string): object {
  const found = process.getBuiltinModule(name);
  if (found !== undefined) return found;
  throw Object.assign(new Error(`module ${name} is not part of this program`), { code: 'MODULE_NOT_FOUND' });
}
