/** Parses the arguments of a role, using the role's table of options. */
import { parseArgs } from 'node:util';
import { AppError } from '../errors.ts';
import { hasRawBytes } from '../values/raw-text.ts';
import type { Options, Role, Valued } from './option.ts';

/** The given options: text for an option with a value, true for a flag. */
export type Values<Table extends Options> = {
  readonly [Name in keyof Table]?: Table[Name] extends Valued ? string : boolean;
};

/** Parses the options and the role's argument. Throws USAGE for anything that `role` does not accept. */
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
  const raw = argv.find(hasRawBytes);
  if (raw !== undefined) throw usageFailure(role, `'${raw}' is not UTF-8`);
  try {
    const allowPositionals = role.argument !== undefined;
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals });
    const [argument, another] = positionals;
    if (another !== undefined) throw new Error(`unexpected argument '${another}'`);
    return { values: values as Values<Given['options']>, argument };
  } catch (error) {
    throw usageFailure(role, error instanceof Error ? error.message : 'invalid options');
  }
}

/** Makes the error for a wrong command line: the first sentence of `why`, and how to get help. */
export function usageFailure({ name }: Role, why: string): AppError {
  const [sentence = ''] = why.split(/\.(?:\s|$)|\n/, 1);
  return new AppError(
    'USAGE',
    `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}; see latchkey ${name} --help`,
  );
}
