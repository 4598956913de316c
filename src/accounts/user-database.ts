/**
 * Linux accounts of the host's user database. A name means exactly one account: the one whose canonical
 * name it is. Every query goes to the database unless its comment says that it is cached. A name that
 * could be taken for an option, a number or a path is never passed on, and nothing but getent is run.
 */
import { AppError } from '../errors.ts';
import { getent } from './getent.ts';

/** One line of passwd(5). */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly gecos: string;
  readonly home: string;
  /** Empty means /bin/sh. */
  readonly shell: string;
}

const LONGEST_NAME = 256;
const HIGHEST_ID = 4_294_967_294;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const NOT_QUERYABLE = /^[-+]|^\d*$|[\x00-\x1f\x7f-\x9f:/,\u2028\u2029]|\ufffd/;

/** Returns true when `name` can be queried: not empty, an option, a number, a path or several lines. */
export function isQueryable(name: string): boolean {
  return name.length <= LONGEST_NAME && !NOT_QUERYABLE.test(name);
}

/**
 * Returns the entry found for `name`; its own name may differ, when the directory ignores case. Throws
 * UNAVAILABLE.
 */
export async function userByName(name: string): Promise<UserEntry | undefined> {
  return isQueryable(name) ? firstEntry(await getent('passwd', [name])) : undefined;
}

/** Returns the accounts whose canonical names are among `names`, by name. Throws UNAVAILABLE. */
export async function usersByName(names: readonly string[]): Promise<Map<string, UserEntry>> {
  const asked = names.filter(isQueryable);
  const lines = asked.length > 0 ? await getent('passwd', asked) : [];
  const entries = lines.flatMap((line) => firstEntry([line]) ?? []);
  return new Map(entries.filter(({ name }) => asked.includes(name)).map((entry) => [entry.name, entry]));
}

/** Returns the entry of a uid. Throws UNAVAILABLE. */
export async function userByUid(uid: number): Promise<UserEntry | undefined> {
  return (await usersByUid([uid])).get(uid);
}

/** Returns the accounts of `uids`, by uid. Throws UNAVAILABLE. */
export async function usersByUid(uids: readonly number[]): Promise<Map<number, UserEntry>> {
  const asked = uids.filter(isUid);
  const lines = asked.length > 0 ? await getent('passwd', asked.map(String)) : [];
  const entries = lines.flatMap((line) => firstEntry([line]) ?? []);
  return new Map(entries.filter(({ uid }) => asked.includes(uid)).map((entry) => [entry.uid, entry]));
}

/**
 * Returns the accounts that the database enumerates, which may not be all. Unreadable lines are skipped.
 * Throws UNAVAILABLE.
 */
export async function listedUsers(): Promise<UserEntry[]> {
  return (await getent('passwd', [])).flatMap((line) => entryIn(line) ?? []);
}

/**
 * Returns the account whose canonical name is `name`; undefined also when that is another spelling of it.
 * Throws UNAVAILABLE.
 */
export async function canonicalUser(name: string): Promise<UserEntry | undefined> {
  const entry = await userByName(name);
  return entry?.name === name ? entry : undefined;
}

/**
 * Returns the account found for `name`, under its canonical name: a directory that ignores case accepts
 * several spellings. Throws UNAVAILABLE.
 */
export async function canonicalUserFor(name: string): Promise<UserEntry | undefined> {
  const entry = await userByName(name);
  if (entry === undefined || entry.name === name) return entry;
  const canonical = await canonicalUser(entry.name);
  return canonical?.uid === entry.uid ? canonical : undefined;
}

/**
 * Returns the account of `uid`, when its name in turn leads to that uid; otherwise undefined. Throws
 * UNAVAILABLE.
 */
export async function canonicalUserOfUid(uid: number): Promise<UserEntry | undefined> {
  const byUid = await userByUid(uid);
  if (byUid === undefined) return undefined;
  const byName = await canonicalUser(byUid.name);
  return byName?.uid === uid ? byName : undefined;
}

/**
 * Returns the names of a user's groups, the primary one first; empty for an unknown user. Throws
 * UNAVAILABLE.
 */
export async function groupsOf(name: string): Promise<string[]> {
  const user = await canonicalUser(name);
  if (user === undefined) return [];
  const lines = await getent('group', (await gidsOf(user)).map(String));
  return [...new Set(lines.map((group) => group.split(':')[0] ?? '').filter((group) => group !== ''))];
}

/**
 * Returns the ids of a user's groups, the primary one first, as the user's logins get them (initgroups(3)).
 * Throws UNAVAILABLE.
 */
export async function gidsOf({ name, gid }: Pick<UserEntry, 'name' | 'gid'>): Promise<number[]> {
  const supplementary = (await supplementaryGids([name])).get(name) ?? [];
  return [...new Set([gid, ...supplementary])];
}

/**
 * Returns the ids of the groups that have these accounts as members, by name; for one that is unknown, none.
 * Throws UNAVAILABLE.
 */
export async function supplementaryGids(names: readonly string[]): Promise<Map<string, number[]>> {
  const asked = [...new Set(names.filter(isQueryable))];
  const lines = asked.length > 0 ? await getent('initgroups', asked) : [];
  if (lines.length !== asked.length || asked.some((name, at) => !lines[at]?.startsWith(name)))
    throw malformed();
  return new Map(
    asked.map((name, at) => [name, (lines[at] ?? '').slice(name.length).match(/\d+/g)?.map(Number) ?? []]),
  );
}

function firstEntry(lines: readonly string[]): UserEntry | undefined {
  const [line] = lines;
  if (line === undefined || !isQueryable(nameIn(line))) return undefined;
  const entry = entryIn(line);
  if (entry !== undefined) return entry;
  throw malformed();
}

function malformed(): AppError {
  return new AppError('UNAVAILABLE', 'the user database of this host returned a malformed entry');
}

function entryIn(line: string): UserEntry | undefined {
  const [name = '', , uid = '', gid = '', gecos = '', home = '', shell = ''] = line.split(':');
  if (!isQueryable(name) || !isId(uid) || !isId(gid)) return undefined; // or it might be a uid
  return { name, uid: Number(uid), gid: Number(gid), gecos, home, shell };
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

function isUid(uid: number): boolean {
  return Number.isInteger(uid) && uid >= 0 && uid <= HIGHEST_ID;
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= HIGHEST_ID;
}
