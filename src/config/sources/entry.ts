/** What somebody wrote for a setting, and where. */

/** Who said it. */
export type Source = 'flag' | 'environment' | 'file' | 'default';

/** A value as somebody wrote it. */
export interface Entry {
  readonly raw: unknown;
  readonly source: Source;
  /** `/etc/latchkey/config.yaml:12`, or `environment variable LATCHKEY_API_LISTEN`. */
  readonly where: string;
}
