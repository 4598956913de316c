/**
 * The roles as commands, for help, completion and manual pages. src/main.ts runs them itself.
 */
import type { Command } from 'commander';
import type { Role } from '../entry/option.ts';
import { AppError } from '../errors.ts';
import { addNotes } from './help.ts';
import { optionsOf } from './option.ts';
import type { Act } from './run.ts';

export function addRole(program: Command, act: Act, role: Role): void {
  const { name, argument } = role;
  const command = program
    .command(name)
    .summary(role.summary)
    .description(role.description.join('\n\n'))
    .allowExcessArguments()
    .allowUnknownOption()
    .action(
      act(async () => {
        throw new AppError('USAGE', `'${name}' must come first: latchkey ${name} [options]`);
      }),
    );
  if (argument !== undefined) command.argument(`[${argument.name}]`, argument.about);
  for (const option of optionsOf(role.options)) command.addOption(option);
  addNotes(command, ...role.notes);
}
