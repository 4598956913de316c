/**
 * The accounts room promises that a name means one Linux account: the one the host's user database
 * gives under exactly that name. It asks every time (what is cached says so), passes no name on
 * that could be taken for an option, a number or a path, and runs nothing but getent.
 */
import { AppError } from '../errors.ts';
import { getent } from './getent.ts';

/** One line of passwd(5). */
export interface UserEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  /** Empty means /bin/sh. */
  readonly shell: string;
}

const LONGEST_NAME = 256;
const HIGHEST_ID = 4_294_967_294;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNFIT = /^[-+]|^\d*$|[\x00-\x1f\x7f-\x9f:/,\u2028\u2029]|\ufffd/;

/** Whether `name` may be asked for at all: not empty, an option, a number, a path or two lines. */
export function isAskable(name: string): boolean {
  return name.length <= LONGEST_NAME && !UNFIT.test(name);
}

/** Throws UNAVAILABLE. The entry's name may differ from the one asked (a directory that ignores case). */
export async function userByName(name: string): Promise<UserEntry | undefined> {
  return isAskable(name) ? firstEntry(await getent('passwd', [name])) : undefined;
}

/** Throws UNAVAILABLE. */
export async function userByUid(uid: number): Promise<UserEntry | undefined> {
  if (!Number.isInteger(uid) || uid < 0 || uid > HIGHEST_ID) return undefined;
  const entry = firstEntry(await getent('passwd', [String(uid)]));
  return entry?.uid === uid ? entry : undefined;
}

/** Every account that the database lists, which need not be all there are; what cannot be read is passed over. Throws UNAVAILABLE. */
export async function listedUsers(): Promise<UserEntry[]> {
  return (await getent('passwd', [])).flatMap((line) => entryIn(line) ?? []);
}

/**
 * The account whose canonical name is `name`: undefined too when the database knows it by another
 * spelling. Throws UNAVAILABLE.
 */
export async function canonicalUser(name: string): Promise<UserEntry | undefined> {
  const entry = await userByName(name);
  return entry?.name === name ? entry : undefined;
}

/**
 * The account that somebody means by `name`, under its canonical name: a directory that ignores case
 * knows it by several. Throws UNAVAILABLE.
 */
export async function userMeant(name: string): Promise<UserEntry | undefined> {
  const entry = await userByName(name);
  if (entry === undefined || entry.name === name) return entry;
  const canonical = await canonicalUser(entry.name);
  return canonical?.uid === entry.uid ? canonical : undefined;
}

/**
 * The account of `uid`, when its name leads back to that uid; undefined when the uid has no
 * account or its name is another's. Throws UNAVAILABLE.
 */
export async function canonicalUserOfUid(uid: number): Promise<UserEntry | undefined> {
  const byUid = await userByUid(uid);
  if (byUid === undefined) return undefined;
  const byName = await canonicalUser(byUid.name);
  return byName?.uid === uid ? byName : undefined;
}

/** The names of a user's groups, the primary one first; empty for an unknown user. Throws UNAVAILABLE. */
export async function groupsOf(name: string): Promise<string[]> {
  const user = await canonicalUser(name);
  if (user === undefined) return [];
  const [line = ''] = await getent('initgroups', [name]);
  const supplementary = line.slice(name.length).match(/\d+/g) ?? [];
  const gids = [...new Set([String(user.gid), ...supplementary])];
  const lines = await getent('group', gids);
  return [...new Set(lines.map((group) => group.split(':')[0] ?? '').filter((group) => group !== ''))];
}

function firstEntry(lines: readonly string[]): UserEntry | undefined {
  const [line] = lines;
  if (line === undefined || !isAskable(nameIn(line))) return undefined;
  const entry = entryIn(line);
  if (entry !== undefined) return entry;
  throw new AppError('UNAVAILABLE', 'the user database of this host gave an entry that cannot be read');
}

function entryIn(line: string): UserEntry | undefined {
  const [name = '', , uid = '', gid = '', , home = '', shell = ''] = line.split(':');
  if (!isAskable(name) || !isId(uid) || !isId(gid)) return undefined; // one called 1234 cannot be told from a uid
  return { name, uid: Number(uid), gid: Number(gid), home, shell };
}

function nameIn(line: string): string {
  return line.slice(0, line.indexOf(':'));
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= HIGHEST_ID;
}
