/** The words behind a role, read by the role's own table. */
import { parseArgs } from 'node:util';
import { AppError } from '../errors.ts';
import type { Options, Role, Valued } from './option.ts';

/** What was said: text of an option with a value, true of a flag. */
export type Values<Table extends Options> = {
  readonly [Name in keyof Table]?: Table[Name] extends Valued ? string : boolean;
};

/** The options that were said, and the role's argument. Throws USAGE for anything that `role` does not take. */
export function parseOptions<Given extends Role>(
  role: Given,
  argv: readonly string[],
): { readonly values: Values<Given['options']>; readonly argument: string | undefined } {
  const options = Object.fromEntries(
    Object.entries(role.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? 'boolean' : 'string' } as const,
    ]),
  );
  try {
    const allowPositionals = role.argument !== undefined;
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals });
    const [argument, another] = positionals;
    if (another !== undefined) throw new Error(`unexpected argument '${another}'`);
    return { values: values as Values<Given['options']>, argument };
  } catch (error) {
    throw usageFailure(role, error instanceof Error ? error.message : 'these words make no sense');
  }
}

/** The refusal of a command line: the first sentence of `why`, and where the help is. */
export function usageFailure({ name }: Role, why: string): AppError {
  const [sentence = ''] = why.split(/\.(?:\s|$)|\n/, 1);
  return new AppError(
    'USAGE',
    `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}; see latchkey ${name} --help`,
  );
}
