/**
 * The store on SQLite, over one connection. All pending writes share one transaction (group commit), so
 * that thirty-two callers wait for one fsync rather than thirty-two; pending reads follow it.
 */
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect, type SqliteStatement } from 'kysely';
import { AppError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { Reserve } from './reserve.ts';
import type { Db } from './schema.ts';
import type { CommitOptions, Store } from './store.ts';

type Work = (db: Db) => Promise<unknown>;
type Outcome = { readonly value: unknown } | { readonly error: unknown };

interface Job {
  readonly kind: 'read' | 'write';
  readonly work: Work;
  readonly isUrgent: boolean;
  settle(outcome: Outcome): void;
}

const MAX_STATEMENTS = 256;

export class SqliteStore implements Store {
  readonly #database: Database.Database;
  readonly #reserve: Reserve;
  readonly #log: Pick<Log, 'error'> | undefined;
  readonly #db: Db;
  readonly #run: (sql: string) => void;
  #pending: Job[] = [];
  #running: Promise<void> | undefined;
  #closed = false;
  #failing = false;

  constructor(database: Database.Database, reserve: Reserve, log?: Pick<Log, 'error'>) {
    this.#database = database;
    this.#reserve = reserve;
    this.#log = log;
    const prepare = statementCache(database);
    this.#run = (sql) => void prepare(sql).run([]);
    this.#db = new Kysely({ dialect: new SqliteDialect({ database: { prepare, close: () => {} } }) });
  }

  read<T>(work: (db: Db) => Promise<T>): Promise<T> {
    return this.#add('read', work, false);
  }

  commit<T>(work: (tx: Db) => Promise<T>, { isUrgent = false }: CommitOptions = {}): Promise<T> {
    return this.#add('write', work, isUrgent);
  }

  /** Finishes pending work and closes the database. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#running;
    this.#database.close();
  }

  #add<T>(kind: Job['kind'], work: (db: Db) => Promise<T>, isUrgent: boolean): Promise<T> {
    if (this.#closed) return Promise.reject(new AppError('STORE_UNAVAILABLE', 'the store is closed'));
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const settle = (outcome: Outcome): void => {
      if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value as T);
    };
    this.#pending.push({ kind, work, isUrgent, settle });
    this.#running ??= this.#runPending();
    return promise;
  }

  async #runPending(): Promise<void> {
    while (true) {
      // Waits for other work in this turn of the event loop, so that it joins the transaction.
      await new Promise(setImmediate);
      const jobs = this.#pending.splice(0);
      if (jobs.length === 0) break;
      const writes = jobs.filter(({ kind }) => kind === 'write');
      if (writes.length > 0) await this.#write(writes);
      await Promise.all(jobs.filter(({ kind }) => kind === 'read').map((job) => this.#read(job)));
    }
    this.#running = undefined;
  }

  async #read(job: Job): Promise<void> {
    try {
      job.settle({ value: await job.work(this.#db) });
    } catch (error) {
      job.settle({ error: isStoreFailure(error) ? unavailable(error) : error });
    }
  }

  /** Without the reserve, only urgent work is written: other work would use the space it needs. */
  async #write(jobs: readonly Job[]): Promise<void> {
    const allowed = this.#reserve.ensure() ? jobs : refuseOthers(jobs, new Error('the reserve is used up'));
    if (allowed.length === 0) return;
    const failure = await this.#writeTogether(allowed);
    this.#report(failure);
    if (failure === undefined) return;
    const urgent = refuseOthers(allowed, failure);
    if (urgent.length === 0) return;
    const secondFailure = this.#reserve.release() ? await this.#writeTogether(urgent) : failure;
    if (secondFailure !== undefined)
      for (const job of urgent) job.settle({ error: unavailable(secondFailure) });
  }

  /** Logs the first of a series of failed writes only. */
  #report(failure: unknown): void {
    if (failure !== undefined && !this.#failing) this.#log?.error({ err: failure }, 'the store cannot write');
    this.#failing = failure !== undefined;
  }

  /**
   * Runs all jobs in one transaction. Returns the reason when it failed as a whole; no job is settled then.
   */
  async #writeTogether(jobs: readonly Job[]): Promise<unknown> {
    const outcomes: Outcome[] = [];
    try {
      this.#run('BEGIN IMMEDIATE');
      for (const { work } of jobs) outcomes.push(await this.#writeOne(work));
      this.#run('COMMIT');
    } catch (error) {
      this.#rollBack();
      return error;
    }
    for (const [index, outcome] of outcomes.entries()) jobs[index]?.settle(outcome);
    return undefined;
  }

  /** A job that throws fails alone; a failure of the store itself fails the transaction. */
  async #writeOne(work: Work): Promise<Outcome> {
    this.#run('SAVEPOINT work');
    try {
      const value = await work(this.#db);
      this.#run('RELEASE work');
      return { value };
    } catch (error) {
      if (isStoreFailure(error) || !this.#database.inTransaction) throw error;
      this.#run('ROLLBACK TO work');
      this.#run('RELEASE work');
      return { error };
    }
  }

  #rollBack(): void {
    try {
      if (this.#database.inTransaction) this.#run('ROLLBACK');
    } catch (error) {
      this.#log?.error({ err: error }, 'the store cannot roll back');
    }
  }
}

/** Fails all jobs but the urgent ones, which are returned. */
function refuseOthers(jobs: readonly Job[], cause: unknown): readonly Job[] {
  for (const job of jobs) if (!job.isUrgent) job.settle({ error: unavailable(cause) });
  return jobs.filter(({ isUrgent }) => isUrgent);
}

function unavailable(cause: unknown): AppError {
  const why = isFull(cause) ? 'the disk is full' : 'read or write error';
  return new AppError('STORE_UNAVAILABLE', `the database is unavailable: ${why}`, { cause });
}

function isFull(error: unknown): boolean {
  return !(error instanceof Database.SqliteError) || error.code === 'SQLITE_FULL';
}

/** Returns true when the database itself failed, rather than a statement that violates the schema. */
function isStoreFailure(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    /^SQLITE_(FULL|IOERR|NOMEM|CORRUPT|READONLY|CANTOPEN|BUSY|LOCKED|PROTOCOL|NOTADB|INTERRUPT)/.test(
      error.code,
    )
  );
}

/** Prepares each statement once: preparing costs more than running. */
function statementCache(database: Database.Database): (sql: string) => SqliteStatement {
  const statements = new Map<string, SqliteStatement>();
  return (sql) => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
}
