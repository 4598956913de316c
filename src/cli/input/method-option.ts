import { Option } from 'commander';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import type { AuthMethodName } from '../../values/auth-method.ts';
import { enumWords } from '../../values/enum-word.ts';

/** The option --method, whose value is the name of a login method, one of `methods`. */
export function methodOption(
  about: string,
  methods: readonly AuthMethodName[] = enumWords(AuthMethod),
): Option {
  return new Option('--method <name>', about).choices(methods);
}
