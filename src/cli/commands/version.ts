/** `latchkey version`: prints the version. */
import type { Command } from 'commander';
import { asJson, type Members, string, stringOrNull } from '../../terminal/json.ts';
import { COMMIT, VERSION, versionLine } from '../../version.ts';
import type { Act } from '../run.ts';

export const VERSIONS: Members<NodeJS.ProcessVersions> = {
  version: string('of this program', () => VERSION),
  commit: stringOrNull('what it was built from', () => COMMIT),
  nodeVersion: string('of its Node', ({ node }) => node),
};

export function addVersion(program: Command, act: Act): void {
  program
    .command('version')
    .description('the version of this program, its commit and its Node')
    .action(
      act(async (run) => {
        if (run.out.json) run.out.document(asJson(VERSIONS, process.versions));
        else run.out.line(versionLine());
        return undefined;
      }),
    );
}
