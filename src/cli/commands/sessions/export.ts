/** `latchkey sessions export`: exports the output of one of the caller's sessions. */
import type { Command } from 'commander';
import { EXPORT_FORMATS, type ExportOptions, exportSession } from '../../export/export-session.ts';
import { addNotes } from '../../help.ts';
import type { Act } from '../../run.ts';

const NOTES = [
  'A session with a terminal is exported as an asciicast, which asciinema(1) plays: what the terminal ' +
    'showed, at which time, and in which size. Version 2 is what most players know; version 3 has the exit status, ' +
    'too. Invalid UTF-8 becomes U+FFFD. raw is every byte as it was printed, and the only format without a ' +
    'terminal: standard error is printed on standard error, or with --output to the same file.',
  'What is exported is the output that is kept, up to now. The times are those at which the link received it: ' +
    'output from a time without a link is at the time when the next one came, after a marker that says so.',
  'FILE is readable only by you. It appears when it is complete, and is not replaced without --force.',
];

export function addExport(sessions: Command, act: Act): void {
  const command = sessions
    .command('export <id>')
    .description("export a session's output, with its times as an asciicast, or raw")
    .addOption(
      sessions
        .createOption('--format <format>', 'what to write (default: asciicast-v2 with a terminal, else raw)')
        .choices(EXPORT_FORMATS),
    )
    .option('-o, --output <file>', 'write a new file (default: standard output)')
    .option('--force', 'replace the file')
    .option('--title <title>', 'title of the asciicast (default: "session ID")')
    .action(
      act<ExportOptions>(async (run, options, [id = '']) => {
        await exportSession(run, id, options);
        return undefined;
      }),
    );
  addNotes(command, ...NOTES);
}
