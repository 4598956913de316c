/**
 * The roles as commands: src/main.ts runs them itself; here they appear in help, completion and manual pages.
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
        throw new AppError('USAGE', `'${name}' comes first on the line: latchkey ${name} [options]`);
      }),
    );
  if (argument !== undefined) command.argument(`[${argument.name}]`, argument.about);
  for (const option of optionsOf(role.options)) command.addOption(option);
  addNotes(command, ...role.notes);
}
