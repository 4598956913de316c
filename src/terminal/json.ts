/**
 * Defines the objects that --json prints; the output and its manual page are both made from these
 * definitions. Every member is always present: null stands for an absent value, [] for an empty list. Times
 * are RFC 3339 in UTC with milliseconds. Members are added, never renamed or removed.
 */

/** A member of the JSON object of an `Item`. */
export interface Member<Item> {
  /** Such as "string", "integer or null", "array of token". */
  readonly type: string;
  readonly about: string;
  of(item: Item): unknown;
}

/** Members by name, in the order in which they are printed. */
export type Members<Item> = Readonly<Record<string, Member<Item>>>;

/** Returns the object that `members` define for `item`. */
export function asJson<Item>(members: Members<Item>, item: Item): object {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, member.of(item)]));
}

export function string<Item>(about: string, of: (item: Item) => string): Member<Item> {
  return { type: 'string', about, of };
}

/** The protocol's empty string becomes null. */
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

/** An object whose members are described under its own name. */
export function object<Item, Inner>(
  type: string,
  members: Members<Inner>,
  of: (item: Item) => Inner,
): Member<Item> {
  return { type, about: '', of: (item) => asJson(members, of(item)) };
}

/** The same for an object that may be absent. */
export function objectOrNull<Item, Inner>(
  type: string,
  members: Members<Inner>,
  about: string,
  of: (item: Item) => Inner | undefined,
): Member<Item> {
  const innerOf = (item: Item): object | null => {
    const inner = of(item);
    return inner === undefined ? null : asJson(members, inner);
  };
  return { type: `${type} or null`, about, of: innerOf };
}

export function objects<Item, Inner>(
  type: string,
  members: Members<Inner>,
  about: string,
  of: (item: Item) => readonly Inner[],
): Member<Item> {
  return { type: `array of ${type}`, about, of: (item) => of(item).map((each) => asJson(members, each)) };
}
