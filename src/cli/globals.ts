/** The options that every command accepts, before or after its name. */
import type { Command, Option } from 'commander';
import { GLOBAL_OPTIONS } from '../entry/global-options.ts';
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

const GROUP = 'Global options:';

/** Adds the global options to `command` and all its subcommands, except roles, which list those they take. */
export function addGlobals(command: Command): void {
  for (const option of optionsOf(GLOBAL_OPTIONS)) command.addOption(option.helpGroup(GROUP));
  for (const below of command.commands) if (!ROLES.has(below.name())) addGlobals(below);
}

/** Returns the global options given anywhere on the line; the one closest to the subcommand wins. */
export function globalsOf(command: Command): Globals {
  const given: Record<string, unknown> = command.parent === null ? {} : { ...globalsOf(command.parent) };
  for (const option of command.options) {
    const name = option.attributeName();
    if (isGlobal(option) && command.getOptionValueSource(name) === 'cli') {
      given[name] = command.getOptionValue(name);
    }
  }
  return given;
}

export function isGlobal(option: Option): boolean {
  return option.helpGroupHeading === GROUP;
}
