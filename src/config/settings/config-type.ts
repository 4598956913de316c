/** The type of a configuration that has been read: what the server is built from. */
import type { Mode, Paths } from '../paths/paths.ts';
import type { SettingEntry } from '../sources/entry.ts';
import type { Resolved } from './setting.ts';
import type { SETTINGS, SettingName } from './settings.ts';

/** The value of every setting, and where it comes from; made once at start and at each reload. */
export interface Config extends Resolved<typeof SETTINGS> {
  readonly mode: Mode;
  /** The configuration file that was read; undefined when there is none. */
  readonly file: string | undefined;
  readonly paths: Paths;
  readonly entries: Readonly<Record<SettingName, SettingEntry>>;
}

/** `users` are logins; `groups` carry their source, as in `unix:wheel`. */
export type RoleMembers = Config['roles']['admin'];
