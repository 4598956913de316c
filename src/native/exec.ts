import { cStrings } from './c-strings.ts';
import { loadFfi, systemError } from './libc.ts';

const ffi = loadFfi();

const { functions: libc } = ffi.dlopen(null, {
  execve: { arguments: ['string', 'buffer', 'buffer'], return: 'int32' },
});

/**
 * Replaces this process with another program (execve(2)). Arguments and variables are raw text
 * (values/raw-text.ts), which process.execve cannot pass on. Returns only by throwing.
 */
export function execute(
  path: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): never {
  const words = cStrings(argv);
  const variables = cStrings(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
  libc.execve(path, words.pointers, variables.pointers);
  throw Object.assign(systemError('execve'), { kept: [words.texts, variables.texts] });
}
