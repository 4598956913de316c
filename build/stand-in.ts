/**
 * Runs the bundles of a folder as the packaged program would, before there is one:
 *   stand-in.ts FOLDER run|keep WORD ...
 * `keep` writes V8's code cache of the role that ran beside its bundle.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import sea from 'node:sea';
import { setFlagsFromString } from 'node:v8';
import vm from 'node:vm';
import { usualFlags } from './v8-flags.ts';

const [node = '', , folder = '', mode, ...words] = process.argv;

sea.isSea = () => true;
sea.getRawAsset = (name) => {
  const file = join(folder, name);
  return new Uint8Array(existsSync(file) ? readFileSync(file) : []).buffer;
};

// The same user on every machine, without an account.
process.getuid = process.geteuid = () => 1;
os.userInfo = () => {
  throw new Error('no entry');
};

vm.Script = class extends vm.Script {
  constructor(source: string, options: vm.ScriptOptions & { filename: string; cachedData: Buffer }) {
    super(source, options);
    if (this.cachedDataRejected && options.cachedData.length > 0)
      throw new Error(`V8 rejects the code cache of ${options.filename}`);
    if (mode === 'keep') process.once('exit', () => this.#keep(options.filename.replace(/^.*:/, '')));
  }

  #keep(role: string): void {
    for (const flag of usualFlags(node)) setFlagsFromString(flag);
    writeFileSync(join(folder, `${role}.cache`), this.createCachedData());
  }
};

process.execPath = '/bin/true'; // for the helper process of a link
process.argv = [process.execPath, 'latchkey', ...words];
createRequire(import.meta.url)(join(folder, 'launcher.cjs'));
