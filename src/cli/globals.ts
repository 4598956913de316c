/** The options every verb takes, before it or after it. */
import type { Command } from 'commander';

export interface Globals {
  readonly server?: string;
  readonly run?: string;
  readonly ca?: string;
  readonly tokenFile?: string;
  readonly localAdmin?: boolean;
  readonly config?: string;
  readonly json?: boolean;
  readonly color?: boolean;
  readonly quiet?: boolean;
}

const GROUP = 'Everywhere:';

const OPTIONS: readonly (readonly [flags: string, description: string])[] = [
  ['--server <host:port>', 'the server to talk to (LATCHKEY_SERVER)'],
  ['--run <dir>', "the local server's run directory"],
  ['--ca <file>', "the server's CA certificate, PEM (LATCHKEY_CA)"],
  ['--token-file <file>', 'the token to use (LATCHKEY_TOKEN_FILE)'],
  ['--local-admin', "use the local server's administrator token"],
  ['--config <file>', "the server's configuration file"],
  ['--json', 'results as JSON'],
  ['--no-color', 'no colours (NO_COLOR)'],
  ['--quiet', 'of a list the ids, of what is done only failures'],
];

/** Adds the global options to `command`, and to all below it but those named in `without`. */
export function addGlobals(command: Command, without: ReadonlySet<string>): void {
  for (const [flags, description] of OPTIONS) {
    command.addOption(command.createOption(flags, description).helpGroup(GROUP));
  }
  for (const below of command.commands) if (!without.has(below.name())) addGlobals(below, without);
}

/** What was said, wherever on the line it was said; the word nearest to the verb wins. */
export function globalsOf(command: Command): Globals {
  const said: Record<string, unknown> = command.parent === null ? {} : { ...globalsOf(command.parent) };
  for (const option of command.options) {
    const name = option.attributeName();
    if (option.helpGroupHeading === GROUP && command.getOptionValueSource(name) === 'cli') {
      said[name] = command.getOptionValue(name);
    }
  }
  return said;
}
