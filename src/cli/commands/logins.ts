/** `latchkey logins`: lists who is logged in, and who ever was. */
import type { Command } from 'commander';
import type { Login } from '../../generated/latchkey/v1/token.ts';
import { logins } from '../../nouns/logins.ts';
import { addListing } from '../resource-command.ts';
import type { Act } from '../run.ts';

interface Options {
  readonly login?: string;
  readonly everyone?: boolean;
}

export function addLogins(program: Command, act: Act): void {
  addListing<Login, Options>(program, act, {
    noun: logins,
    description: 'list who is logged in, and who ever was',
    addOptions: (command) =>
      command
        .option('--login <login>', 'only this login')
        .option('--everyone', 'also those who are not logged in any more'),
    select: ({ login, everyone }) => ({ login, everyone }),
  });
}
