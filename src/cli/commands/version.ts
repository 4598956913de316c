/** `latchkey version`: prints the version. */
import type { Command } from 'commander';
import { asJson, type Members, string, stringOrNull } from '../../terminal/json.ts';
import { COMMIT, VERSION, versionLine } from '../../version.ts';
import type { Act } from '../run.ts';

export const VERSIONS: Members<NodeJS.ProcessVersions> = {
  version: string('version of this program', () => VERSION),
  commit: stringOrNull('commit that it was built from', () => COMMIT),
  nodeVersion: string('version of its Node.js', ({ node }) => node),
};

export function addVersion(program: Command, act: Act): void {
  program
    .command('version')
    .description('print the version, the commit and the version of Node.js')
    .action(
      act(async (run) => {
        if (run.out.json) run.out.document(asJson(VERSIONS, process.versions));
        else run.out.line(versionLine());
        return undefined;
      }),
    );
}
