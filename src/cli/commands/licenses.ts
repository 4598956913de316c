/** `latchkey licenses`: prints the licences. */
import type { Command } from 'commander';
import { packagedText } from '../../entry/packaged/text.ts';
import { AppError } from '../../errors.ts';
import type { Act } from '../run.ts';

export function addLicenses(program: Command, act: Act): void {
  program
    .command('licenses')
    .description('the licences of everything inside this program')
    .action(
      act(async (run) => {
        const text = packagedText('licenses.txt');
        if (text === undefined)
          throw new AppError('NOT_FOUND', 'a run from the sources has them in node_modules/*/LICENSE');
        run.out.text(text);
        return undefined;
      }),
    );
}
