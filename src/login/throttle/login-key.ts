/** A login together with the place that an attempt comes from. */
export interface LoginKey {
  /** Canonical name of the login. */
  readonly login: string;
  /** The place: an address, a network, or a uid of this host. */
  readonly source: string;
}
