/**
 * The configuration file: YAML 1.2 (https://yaml.org/spec/1.2.2/), at most 1 MiB, sections of
 * settings and nothing else. Aliases, tags and duplicate keys are refused, so that nothing expands
 * or changes its type while it is read.
 */
import type { Stats } from 'node:fs';
import {
  isAlias,
  isMap,
  isScalar,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { readOwnedFile } from '../../system/owned-path.ts';
import { describe, invalid } from '../config-error.ts';
import { groupId } from '../paths/group-id.ts';
import { SYSTEM_USER } from '../paths/paths.ts';
import { SETTING_BY_NAME, type SettingName } from '../settings/settings.ts';
import { suggestion } from '../suggest.ts';
import type { Entry } from './entry.ts';

const SECTIONS = new Set([...SETTING_BY_NAME.keys()].flatMap(ancestors));
const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o044;

/** The settings that `path` holds; undefined when there is no such file. Throws CONFIG_INVALID. */
export function readConfigFile(path: string, uid: number): Map<SettingName, Entry> | undefined {
  const file = readOwnedFile(path, { uid, forbidden: WRITABLE_BY_OTHERS });
  if (file === undefined) return undefined;
  const entries = new Reader(path, textOf(path, file.data)).read();
  for (const [name, { raw }] of entries) {
    if (SETTING_BY_NAME.get(name)?.type.secret && raw !== null) checkHidden(path, name, file.entry, uid);
  }
  return entries;
}

function textOf(path: string, data: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch (error) {
    throw invalid(`${path} is not UTF-8 text. Save it as UTF-8`, error);
  }
}

function isSettingName(name: string): name is SettingName {
  return SETTING_BY_NAME.has(name as SettingName);
}

/**
 * Checks that a file with a secret is readable only by its owner. One that belongs to root may also be
 * readable by the group of the daemon's own account, which could not read it otherwise. Throws
 * CONFIG_INVALID.
 */
function checkHidden(path: string, name: SettingName, entry: Stats, uid: number): void {
  const gid = uid === 0 ? groupId(SYSTEM_USER) : process.getegid?.();
  const ownGroup = entry.uid === 0 && entry.gid === gid;
  const forbidden = ownGroup ? READABLE_BY_OTHERS & 0o007 : READABLE_BY_OTHERS;
  if ((entry.mode & forbidden) === 0) return;
  const found = (entry.mode & 0o7777).toString(8).padStart(4, '0');
  throw invalid(`${path} has mode ${found} and holds ${name}; expected 0600. Run: chmod 600 ${path}`);
}

/** `a.b.c` -> `a`, `a.b` */
function ancestors(name: string): string[] {
  const parts = name.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}

class Reader {
  readonly #path: string;
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #entries = new Map<SettingName, Entry>();

  constructor(path: string, text: string) {
    this.#path = path;
    this.#text = text;
  }

  read(): Map<SettingName, Entry> {
    const root = this.#parse();
    if (isMap(root)) this.#readSection(root, '');
    else if (root !== null && !(isScalar(root) && root.value === null)) {
      throw invalid(
        `${this.#at(root)}: found ${this.#found(root)}; expected sections such as "api:". Correct that line`,
      );
    }
    return this.#entries;
  }

  #parse(): ParsedNode | null {
    // uniqueKeys compares every key with every other; #pairsOf does it in one pass.
    const options = { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: false } as const;
    const document = parseDocument(this.#text, options);
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem === undefined) return document.contents;
    const at = `${this.#path}:${this.#lines.linePos(problem.pos[0]).line}`;
    throw invalid(`${at}: cannot read this YAML: ${inWords(problem)}. Correct that line`, problem);
  }

  #readSection(section: YAMLMap, prefix: string): void {
    for (const [key, value, at] of this.#pairsOf(section, prefix)) {
      const name = prefix === '' ? key : `${prefix}.${key}`;
      if (key.includes('.')) {
        throw invalid(
          `${at}: the key ${describe(key)} has a dot; expected sections. Write "a: { b: … }" for a.b`,
        );
      }
      if (isSettingName(name)) {
        this.#entries.set(name, { raw: this.#plain(value, name), source: 'file', where: at });
      } else if (!SECTIONS.has(name)) {
        throw this.#unknown(name, at);
      } else if (isMap(value)) {
        this.#readSection(value, name);
      } else if (value !== null && !(isScalar(value) && value.value === null)) {
        throw invalid(
          `${at}: ${name} is ${this.#found(value)}; expected a section with keys. Correct that line`,
        );
      }
    }
  }

  /** Returns key, value and place of each member. Refuses keys that are not text, and duplicate keys. */
  #pairsOf(map: YAMLMap, name: string): [string, Node | null, string][] {
    const seen = new Set<string>();
    return map.items.map(({ key, value }) => {
      const at = this.#at(key as Node | null);
      const inside = name === '' ? '' : ` in ${name}`;
      if (!isScalar(key) || typeof key.value !== 'string') {
        throw invalid(`${at}: a key${inside} is not text; expected a plain name. Correct that line`);
      }
      if (key.value === '__proto__')
        throw this.#unknown(name === '' ? key.value : `${name}.${key.value}`, at);
      if (seen.has(key.value)) {
        throw invalid(
          `${at}: the key ${describe(key.value)}${inside} is duplicated; expected once. Remove one`,
        );
      }
      seen.add(key.value);
      return [key.value, value as Node | null, at];
    });
  }

  /** Converts a node to the plain value that the types of settings read. */
  #plain(node: Node | null, name: string): unknown {
    if (node === null) return null;
    if (isAlias(node)) {
      throw invalid(`${this.#at(node)}: ${name} has an alias (*); expected the value itself. Write it out`);
    }
    if (node.tag !== undefined) {
      throw invalid(`${this.#at(node)}: ${name} has a tag (!); expected a plain value. Remove the tag`);
    }
    if (isScalar(node)) return node.value;
    if (isMap(node)) {
      return Object.fromEntries(
        this.#pairsOf(node, name).map(([key, value]) => [key, this.#plain(value, name)]),
      );
    }
    const { items } = node as unknown as { items: (Node | null)[] };
    return items.map((item) => this.#plain(item, name));
  }

  #unknown(name: string, at: string): Error {
    const meant = suggestion(name, [...SETTING_BY_NAME.keys(), ...SECTIONS]);
    return invalid(`${at}: unknown key ${describe(name)}.${meant} Remove or rename it`);
  }

  #found(node: Node): string {
    return isAlias(node) ? 'an alias' : describe(isScalar(node) ? node.value : this.#plain(node, 'the file'));
  }

  #at(node: Node | null): string {
    const start = node?.range?.[0];
    return start === undefined ? this.#path : `${this.#path}:${this.#lines.linePos(start).line}`;
  }
}

/** Returns the parser's message, except where it addresses programmers. */
function inWords({ code, message }: YAMLError): string {
  if (code === 'MULTIPLE_DOCS') return 'there is a second document';
  if (message.includes('call stack')) return 'it is nested too deeply';
  return message.replaceAll(/\s+/g, ' ').replace(/\.$/, '').slice(0, 200);
}
