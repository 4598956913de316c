/**
 * What --json prints, as definitions that both the output and its manual page are made from. Every member
 * is always there: null stands for what is absent, [] for none. Times are RFC 3339 in UTC with
 * milliseconds. Members are added, never renamed or dropped.
 */

/** One member of an object that is made from an `Item`. */
export interface Member<Item> {
  /** "string", "integer or null", "array of token". */
  readonly type: string;
  readonly about: string;
  of(item: Item): unknown;
}

/** The members by name, in the order in which they are printed. */
export type Members<Item> = Readonly<Record<string, Member<Item>>>;

/** `item` as the object that `members` define. */
export function asJson<Item>(members: Members<Item>, item: Item): object {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, member.of(item)]));
}

export function string<Item>(about: string, of: (item: Item) => string): Member<Item> {
  return { type: 'string', about, of };
}

/** null where there is none, which the protocol has as an empty one. */
export function stringOrNull<Item>(about: string, of: (item: Item) => string | undefined): Member<Item> {
  return { type: 'string or null', about, of: (item) => of(item) || null };
}

export function integer<Item>(about: string, of: (item: Item) => number): Member<Item> {
  return { type: 'integer', about, of };
}

export function integerOrNull<Item>(about: string, of: (item: Item) => number | undefined): Member<Item> {
  return { type: 'integer or null', about, of: (item) => of(item) ?? null };
}

export function boolean<Item>(about: string, of: (item: Item) => boolean): Member<Item> {
  return { type: 'boolean', about, of };
}

export function timeOrNull<Item>(about: string, of: (item: Item) => Date | undefined): Member<Item> {
  return { type: 'time or null', about, of: (item) => of(item)?.toISOString() ?? null };
}

export function strings<Item>(about: string, of: (item: Item) => readonly string[]): Member<Item> {
  return { type: 'array of string', about, of };
}

/** An object that is described under its own name. */
export function object<Item, Inner>(
  type: string,
  members: Members<Inner>,
  of: (item: Item) => Inner,
): Member<Item> {
  return { type, about: '', of: (item) => asJson(members, of(item)) };
}

export function objects<Item, Inner>(
  type: string,
  members: Members<Inner>,
  about: string,
  of: (item: Item) => readonly Inner[],
): Member<Item> {
  return { type: `array of ${type}`, about, of: (item) => of(item).map((each) => asJson(members, each)) };
}
