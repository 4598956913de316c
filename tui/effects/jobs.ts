/** Runs jobs of several calls, a few at a time, and dispatches their progress and outcome. */
import { chunksOf } from '../../src/async/chunks-of.ts';
import { LARGEST_PAGE, pages } from '../../src/async/pages.ts';
import type { Client } from '../../src/client/connect/connect.ts';
import { isAppError } from '../../src/errors.ts';
import type { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import { explain } from '../../src/terminal/failure.ts';
import { count } from '../../src/terminal/format.ts';
import { receiptLines } from '../../src/terminal/receipt-lines.ts';
import type { ChangeAction, Changed, EndAction, EndOptions, Target } from '../screen.ts';
import type { Job } from '../state/state.ts';
import type { Event } from '../state/update.ts';
import { targetOf } from '../state/window.ts';
import { sumReceipts } from './sum-receipts.ts';

/**
 * Most simultaneous calls: enough to hide the network's latency, few enough to leave the server room for
 * others.
 */
const MAX_CONCURRENT_CALLS = 4;

interface Working<Kind extends Job['kind'] = Job['kind']> {
  readonly client: Client;
  readonly job: Extract<Job, { kind: Kind }>;
  readonly dispatch: (event: Event) => void;
  /** Aborted when no more calls are to be made; calls under way continue. */
  readonly stop: AbortSignal;
}

/** Runs a job; always dispatches an outcome, after any progress. */
export async function runJob({ client, job, dispatch, stop }: Working): Promise<void> {
  switch (job.kind) {
    case 'end':
      return end({ client, job, dispatch, stop });
    case 'send':
      return send({ client, job, dispatch, stop });
    case 'change':
      return change({ client, job, dispatch, stop });
    case 'mark':
      return mark({ client, job, dispatch, stop });
  }
}

/** Outcome of one call: its answer or its error, and its number of rows. */
interface Outcome<Result> {
  readonly rows: number;
  readonly result?: Result;
  readonly error?: unknown;
}

async function end({ client, job, dispatch, stop }: Working<'end'>): Promise<void> {
  const { action, targets, endSessions = false } = job;
  const beganMs = performance.now();
  let done = 0;
  const endAll = (these: readonly Target[]): Promise<Outcome<Receipt>[]> =>
    inChunks(these, action, stop, async (ids) => {
      const found = await endChunk(client, action, ids, { validateOnly: false, endSessions });
      done += ids.length;
      dispatch({ kind: 'progress', job, done });
      return found;
    });
  const others = await endAll(targets.filter(({ endsOwnConnection }) => endsOwnConnection !== true));
  // Last, since no call succeeds after these.
  const own = await endAll(targets.filter(({ endsOwnConnection }) => endsOwnConnection === true));
  const all = [...others, ...own];
  const receipts = all.flatMap(({ result }) => result ?? []);
  const lines = [
    ...(receipts.length === 0
      ? []
      : receiptLines(sumReceipts(receipts, Math.round(performance.now() - beganMs)))),
    ...failureLines(all),
    ...stoppedLine(targets.length - done),
  ];
  dispatch({
    kind: 'report',
    job,
    title: 'Receipt',
    lines: lines.length === 0 ? ['Nothing was done.'] : lines,
  });
}

/**
 * Asks what would end with these rows: the receipt to be, or a sentence on why it is not known. Rows that are
 * gone, or that may not be ended, are left out of it, unless there are no others. Throws nothing; stops
 * asking when `signal` aborts, and after any other failure.
 */
export async function preview(
  client: Client,
  action: EndAction,
  targets: readonly Target[],
  signal: AbortSignal,
): Promise<Receipt | string> {
  const how = { validateOnly: true, signal };
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const all = await inChunks(targets, action, stop, async (ids) => {
    const outcomes = await endChunk(client, action, ids, how);
    if (outcomes.some(({ error }) => isUnknown(error))) failed.abort();
    return outcomes;
  });
  const receipts = all.flatMap(({ result }) => result ?? []);
  const errors = all.flatMap(({ error }) => error ?? []).filter((error) => !isAppError(error, 'NOT_FOUND'));
  const why = errors.find(isUnknown) ?? (receipts.length === 0 ? errors[0] : undefined);
  return why === undefined ? sumReceipts(receipts, 0) : explain(why).text;
}

/** Returns true for a failure after which it is not known what would end. */
function isUnknown(error: unknown): boolean {
  return error !== undefined && !isAppError(error, 'NOT_FOUND') && !isAppError(error, 'PERMISSION_DENIED');
}

/** Calls `each` with the rows, as many per call as the action accepts. */
async function inChunks(
  targets: readonly Target[],
  { maxPerCall }: EndAction,
  stop: AbortSignal,
  each: (ids: readonly string[]) => Promise<Outcome<Receipt>[]>,
): Promise<Outcome<Receipt>[]> {
  const ids = targets.map(({ id }) => id);
  return (await concurrently([...chunksOf(ids, maxPerCall)], stop, each)).flat();
}

/** Ends the rows of one call. When one of them may not be ended, halves the call to end the others. */
async function endChunk(
  client: Client,
  action: EndAction,
  ids: readonly string[],
  how: EndOptions,
): Promise<Outcome<Receipt>[]> {
  try {
    const { receipt } = await action.act(client, ids, how);
    if (receipt === undefined) return [{ rows: ids.length, error: new Error('the server sent no receipt') }];
    return [{ rows: ids.length, result: receipt }];
  } catch (error) {
    if (ids.length === 1 || !isAppError(error, 'PERMISSION_DENIED')) return [{ rows: ids.length, error }];
    const half = ids.length >> 1;
    return [
      ...(await endChunk(client, action, ids.slice(0, half), how)),
      ...(await endChunk(client, action, ids.slice(half), how)),
    ];
  }
}

function send({ client, job, dispatch, stop }: Working<'send'>): Promise<void> {
  const { action, choice } = job;
  const call = (id: string): Promise<unknown> => action.act(client, id, choice);
  return forEachRow(
    { job, dispatch, stop },
    call,
    ({ length }) => `Sent ${choice} to ${count(length, 'session')}.`,
  );
}

function change({ client, job, dispatch, stop }: Working<'change'>): Promise<void> {
  const { action, value } = job;
  const call = (id: string): Promise<Done> => action.act(client, id, { value, validateOnly: false });
  return forEachRow({ job, dispatch, stop }, call, (done) => action.did(sumOf(done), value));
}

/** Makes one call for each row, and reports what `textOf` says of those that were done. */
async function forEachRow<Result>(
  { job, dispatch, stop }: Omit<Working<'send' | 'change'>, 'client'>,
  call: (id: string) => Promise<Result>,
  textOf: (results: readonly Result[]) => string,
): Promise<void> {
  const { targets } = job;
  let done = 0;
  const outcomes = await concurrently(targets, stop, async ({ id }): Promise<Outcome<Result>> => {
    const outcome = await outcomeOf(call(id));
    done += 1;
    dispatch({ kind: 'progress', job, done });
    return outcome;
  });
  const results = resultsOf(outcomes);
  if (results.length === targets.length) return dispatch({ kind: 'finished', job, text: textOf(results) });
  const lines = [
    ...(results.length === 0 ? [] : [textOf(results)]),
    ...failureLines(outcomes, job.kind === 'change' ? { whyOf } : {}),
    ...stoppedLine(targets.length - done),
  ];
  dispatch({ kind: 'report', job, title: 'Result', lines });
}

/** Asks what a change would do; returns lines that say it, and why it is not possible for some rows. */
export async function previewChange(
  client: Client,
  { action, targets, value }: Omit<Extract<Job, { kind: 'change' }>, 'kind'>,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const how = { value, validateOnly: true, signal };
  const outcomes = await concurrently(targets, signal, ({ id }) => outcomeOf(action.act(client, id, how)));
  const results = resultsOf(outcomes);
  const would = results.length === 0 ? undefined : action.would?.(sumOf(results));
  const failures = failureLines(outcomes, { verdict: 'Not possible', whyOf });
  return [...(would === undefined ? [] : [would]), ...failures];
}

type Done = Awaited<ReturnType<ChangeAction['act']>>;

function sumOf(done: readonly Done[]): Changed {
  return { rows: done.length, disconnected: done.reduce((sum, { disconnected }) => sum + disconnected, 0) };
}

/** Resolves with the outcome of a call for one row. */
async function outcomeOf<Result>(call: Promise<Result>): Promise<Outcome<Result>> {
  try {
    return { rows: 1, result: await call };
  } catch (error) {
    return { rows: 1, error };
  }
}

function resultsOf<Result>(outcomes: readonly Outcome<Result>[]): Result[] {
  return outcomes.flatMap((outcome) => ('result' in outcome ? [outcome.result as Result] : []));
}

async function mark({ client, job, dispatch, stop }: Working<'mark'>): Promise<void> {
  const { query } = job;
  const targets: Target[] = [];
  try {
    const ask = { query, pageSize: LARGEST_PAGE, signal: stop };
    for await (const { items } of pages((pageToken) => query.screen.page(client, { ...ask, pageToken }))) {
      targets.push(...items.map(targetOf));
      dispatch({ kind: 'progress', job, done: targets.length });
    }
    dispatch({ kind: 'marked', job, targets });
  } catch (error) {
    if (stop.aborted) dispatch({ kind: 'finished', job, text: 'Stopped: nothing was marked.' });
    else dispatch({ kind: 'finished', job, text: explain(error).text });
  }
}

/** Calls `each` for each item; returns the results in order, without those not begun before `stop`. */
async function concurrently<Item, Result>(
  items: readonly Item[],
  stop: AbortSignal,
  each: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !stop.aborted) {
      const at = next;
      next += 1;
      results[at] = await each(items[at] as Item);
    }
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_CALLS }, worker));
  return results;
}

/** Returns the failures, equal ones together: "Not done for 3 rows: there is no such token". */
function failureLines(
  outcomes: readonly Outcome<unknown>[],
  { verdict = 'Not done', whyOf = whyOrGone }: { verdict?: string; whyOf?: (error: unknown) => string } = {},
): string[] {
  const failed = outcomes.filter(({ error }) => error !== undefined);
  const sums = new Map<string, number>();
  for (const { rows, error } of failed) {
    const why = whyOf(error);
    sums.set(why, (sums.get(why) ?? 0) + rows);
  }
  if (outcomes.length === 1) return [...sums.keys()];
  return [...sums].map(([why, rows]) => `${verdict} for ${count(rows, 'row')}: ${why}`);
}

function whyOrGone(error: unknown): string {
  return isAppError(error, 'NOT_FOUND') ? 'already gone' : whyOf(error);
}

function whyOf(error: unknown): string {
  return explain(error).text;
}

function stoppedLine(rows: number): string[] {
  return rows === 0 ? [] : [`Stopped: ${count(rows, 'row')} ${rows === 1 ? 'was' : 'were'} left unchanged.`];
}
