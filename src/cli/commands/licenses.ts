/** `latchkey licenses`: prints the licences. */
import type { Command } from 'commander';
import { packagedText } from '../../entry/packaged/text.ts';
import { AppError } from '../../errors.ts';
import type { Act } from '../run.ts';

export function addLicenses(program: Command, act: Act): void {
  program
    .command('licenses')
    .description('print the licences of all included software')
    .action(
      act(async (run) => {
        const text = packagedText('licenses.txt');
        if (text === undefined)
          throw new AppError(
            'NOT_FOUND',
            'only the packaged program has the licences; see node_modules/*/LICENSE',
          );
        run.out.text(text);
        return undefined;
      }),
    );
}
