/**
 * The folder of one session, mode 0700, named by the session's id. It holds all that a later link needs
 * to take the session over.
 *
 *   record.json  what was requested, and in which boot
 *   pid          written by the keeper before the program starts: "<keeper> <helpers, or 0>"
 *   output       the bytes of both streams in order of arrival (output-log.ts)
 *   streams      which bytes came from which stream (stream-map.ts)
 *   times        when the bytes were moved, and in which size of the terminal (time-map.ts)
 *   status.<n>   made by the keeper after the program; empty, so that it needs no disk space
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, reasonOf } from '../../errno.ts';
import { AppError } from '../../errors.ts';

/** Content of record.json. */
export interface SessionRecord {
  readonly id: string;
  readonly command: readonly string[];
  /** /proc/sys/kernel/random/boot_id: in another boot no process of the session can be alive. */
  readonly bootId: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Bytes of output that are kept. */
  readonly outputLimit: number;
  /** True when the program runs in a terminal. */
  readonly terminal?: boolean;
  /** The program's variables TERM and SHELL, cut to 256 characters. */
  readonly term?: string;
  readonly shell?: string;
}

/** Process ids of a keeper, and of its helpers (keeper.ts); the first helper holds the input open. */
export interface KeeperPids {
  /** 0 when there is none. */
  readonly keeper: number;
  readonly helpers: readonly number[];
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const STATUS = /^status\.(\d{1,4})$/;

export class SessionFolder {
  readonly path: string;
  readonly record: SessionRecord;

  private constructor(path: string, record: SessionRecord) {
    this.path = path;
    this.record = record;
  }

  /**
   * Creates the folder below `parent`. Throws INVALID_ARGUMENT for an id that is in use or malformed,
   * START_FAILED when the file system fails.
   */
  static create(parent: string, record: SessionRecord): SessionFolder {
    if (!ID.test(record.id)) throw new AppError('INVALID_ARGUMENT', 'session_id: malformed');
    const path = join(parent, record.id);
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (cause) {
      if (existsSync(path)) throw new AppError('INVALID_ARGUMENT', 'session_id: already in use', { cause });
      throw startFailed(cause, parent);
    }
    try {
      writeFileSync(join(path, 'record.json'), JSON.stringify(record), { mode: 0o600, flag: 'wx' });
      return new SessionFolder(path, record);
    } catch (cause) {
      rmSync(path, { recursive: true, force: true });
      throw startFailed(cause, parent);
    }
  }

  /**
   * Opens the folder of `id` below `parent`; undefined when it is missing, owned by another user, or has no
   * record.
   */
  static open(parent: string, id: string): SessionFolder | undefined {
    if (!ID.test(id)) return undefined;
    const path = join(parent, id);
    try {
      const stats = statSync(path);
      if (!stats.isDirectory() || stats.uid !== process.geteuid?.()) return undefined;
      return new SessionFolder(path, parseRecord(readFileSync(join(path, 'record.json'), 'utf8'), id));
    } catch {
      return undefined;
    }
  }

  file(name: 'output' | `output.${number}` | 'streams' | 'times' | 'input'): string {
    return join(this.path, name);
  }

  /** Returns the pids that the keeper has written; 'unfinished' while it is writing. */
  pids(): KeeperPids | 'unfinished' | undefined {
    try {
      return parsePids(readFileSync(join(this.path, 'pid'), 'latin1')) ?? 'unfinished';
    } catch {
      return undefined;
    }
  }

  /**
   * Creates the file `pid` instead of the keeper, which then starts nothing. Returns false when the file
   * exists.
   */
  preventStart(): boolean {
    try {
      writeFileSync(join(this.path, 'pid'), '0 0\n', { mode: 0o600, flag: 'wx' });
      return true;
    } catch {
      return false;
    }
  }

  /** Returns the program's status as the shell reports it, 0 to 255; undefined when none is recorded. */
  status(): number | undefined {
    for (const name of readdirSync(this.path)) {
      const [, digits] = STATUS.exec(name) ?? [];
      // ksh93 reports 256+n for a program ended by signal n; POSIX only demands more than 128.
      if (digits !== undefined) return Number(digits) > 255 ? Number(digits) - 128 : Number(digits);
    }
    return undefined;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Parses "<keeper> <helper> ..." and a line feed; undefined for anything else. */
export function parsePids(text: string): KeeperPids | undefined {
  if (!/^\d+( \d+){1,2}\n$/.test(text)) return undefined;
  const [keeper = 0, ...helpers] = text.trim().split(' ').map(Number);
  return { keeper, helpers: helpers.filter((pid) => pid > 0) };
}

let cachedBootId: string | undefined;

/** Returns the id of this boot. */
export function bootId(): string {
  cachedBootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return cachedBootId;
}

function parseRecord(text: string, id: string): SessionRecord {
  const record: Partial<Record<keyof SessionRecord, unknown>> = Object(JSON.parse(text));
  const { command, bootId: boot, createdAt, outputLimit, terminal, term, shell } = record;
  if (record.id !== id || !Array.isArray(command) || typeof boot !== 'string')
    throw new Error('not a record');
  if (typeof createdAt !== 'number' || typeof outputLimit !== 'number') throw new Error('not a record');
  const common = { id, command: command.map(String), bootId: boot, createdAt, outputLimit };
  return {
    ...common,
    ...(terminal === true && { terminal }),
    ...(typeof term === 'string' && { term }),
    ...(typeof shell === 'string' && { shell }),
  };
}

function startFailed(cause: unknown, parent: string): AppError {
  const code = codeOf(cause);
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const message = isFull
    ? `there is no room for the session in ${parent}: ${reasonOf(cause)}`
    : `cannot create the session's folder: ${reasonOf(cause)}`;
  return new AppError('START_FAILED', message, { cause });
}
