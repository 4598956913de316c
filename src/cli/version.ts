/** `latchkey version`. */
import type { Command } from 'commander';
import { VERSION } from '../version.ts';
import type { Act } from './run.ts';

export function addVersion(program: Command, act: Act): void {
  program
    .command('version')
    .description('the version of this program')
    .action(
      act(async (run) => {
        if (run.out.json) run.out.document({ version: VERSION, nodeVersion: process.versions.node });
        else run.out.line(versionLine());
        return undefined;
      }),
    );
}

/** "latchkey 1.2.3 (Node 26.1.0)". */
export function versionLine(): string {
  return `latchkey ${VERSION} (Node ${process.versions.node})`;
}
