import { Option } from 'commander';
import { AuthMethod } from '../../generated/latchkey/v1/token.ts';
import { enumWords } from '../../values/enum-word.ts';

/** The option --method, whose value is the name of a login method. */
export function methodOption(about: string): Option {
  return new Option('--method <name>', about).choices(enumWords(AuthMethod));
}
