/** The options every verb takes, before it or after it. */
import type { Command, Option } from 'commander';
import { EVERYWHERE } from '../entry/everywhere.ts';
import { ROLES } from '../entry/roles/all.ts';
import { optionsOf } from './option.ts';

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

/** Adds the global options to `command`, and to all below it but roles, which name those they take. */
export function addGlobals(command: Command): void {
  for (const option of optionsOf(EVERYWHERE)) command.addOption(option.helpGroup(GROUP));
  for (const below of command.commands) if (!ROLES.has(below.name())) addGlobals(below);
}

/** What was said, wherever on the line it was said; the word nearest to the verb wins. */
export function globalsOf(command: Command): Globals {
  const said: Record<string, unknown> = command.parent === null ? {} : { ...globalsOf(command.parent) };
  for (const option of command.options) {
    const name = option.attributeName();
    if (isGlobal(option) && command.getOptionValueSource(name) === 'cli') {
      said[name] = command.getOptionValue(name);
    }
  }
  return said;
}

export function isGlobal(option: Option): boolean {
  return option.helpGroupHeading === GROUP;
}
