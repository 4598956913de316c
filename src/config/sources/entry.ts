/** A setting as it was written, and where. */

/** The kinds of places that a setting can be written in. */
export type Source = 'flag' | 'environment' | 'file' | 'default';

/** A value as it was written; a secret as a Secret once it has been read. */
export interface Entry {
  readonly raw: unknown;
  readonly source: Source;
  /** `/etc/latchkey/config.yaml:12`, or `environment variable LATCHKEY_API_LISTEN`. */
  readonly where: string;
}

/** The entry that is in force for a setting. */
export interface SettingEntry extends Entry {
  /** The value that `raw` was turned into. */
  readonly value: unknown;
}
