/** `latchkey version`. */
import type { Command } from 'commander';
import { COMMIT, VERSION, versionLine } from '../version.ts';
import type { Act } from './run.ts';

export function addVersion(program: Command, act: Act): void {
  program
    .command('version')
    .description('the version of this program, its commit and its Node')
    .action(
      act(async (run) => {
        if (run.out.json)
          run.out.document({ version: VERSION, commit: COMMIT, nodeVersion: process.versions.node });
        else run.out.line(versionLine());
        return undefined;
      }),
    );
}
