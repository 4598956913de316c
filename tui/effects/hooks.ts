/** The React hooks of the dashboard: watches, a session's output, the debounced filter, jobs, the clock. */
import { type Dispatch, useEffect, useRef, useState } from 'react';
import type { ReconnectingClient } from '../../src/client/watch/reconnecting-client.ts';
import type { Dialog, Prompt, View } from '../state/state.ts';
import type { Event } from '../state/update.ts';
import { emptyWindow } from '../state/window.ts';
import { Feed } from './feed.ts';
import { followOutput } from './follow-output.ts';
import { preview, previewChange, runJob } from './jobs.ts';
import { watchBoard } from './watch-board.ts';

/**
 * Delay before a filter is sent while the previous answer is awaited, in milliseconds: long enough for the
 * next key.
 */
const FILTER_MS = 120;
const TICK_MS = 1_000;
/** Interval between snapshots for a screen reader, in milliseconds. */
const SPOKEN_MS = 60_000;
/** Delay before a screen is drawn without its rows, in milliseconds. */
const LOADING_MS = 150;

/** Keeps the rows of the current view in step with the server. */
export function useWatch(server: ReconnectingClient, view: View, dispatch: Dispatch<Event>): void {
  const feed = useRef<Feed>(undefined);
  const query = view.kind === 'list' ? view.query : undefined;
  const wanted = view.kind === 'list' ? view.window.wanted : emptyWindow.wanted;
  useEffect(() => {
    if (query === undefined) return;
    const opened = new Feed(server, query, dispatch);
    feed.current = opened;
    return () => opened[Symbol.dispose]();
  }, [server, query, dispatch]);
  useEffect(() => feed.current?.want(wanted), [wanted]);
}

/** Redraws the current board with each snapshot that the server sends. */
export function useBoard(
  server: ReconnectingClient,
  view: View,
  isSpoken: boolean,
  dispatch: Dispatch<Event>,
): void {
  const board = view.kind === 'board' ? view.screen : undefined;
  useEffect(() => {
    if (board === undefined) return;
    const left = new AbortController();
    void watchBoard(server, board, { signal: left.signal, everyMs: isSpoken ? SPOKEN_MS : 0 }, dispatch);
    return () => left.abort();
  }, [server, board, isSpoken, dispatch]);
}

/** Follows the output that is shown. */
export function useOutput(server: ReconnectingClient, view: View, dispatch: Dispatch<Event>): void {
  const source = view.kind === 'output' ? view.source : undefined;
  useEffect(() => {
    if (source === undefined) return;
    const left = new AbortController();
    void followOutput(server, source, left.signal, dispatch);
    return () => left.abort();
  }, [server, source, dispatch]);
}

/** Applies the typed filter: at once, unless answers to earlier ones are still awaited. */
export function useTypedFilter(
  prompt: Prompt | undefined,
  isLoaded: boolean,
  dispatch: Dispatch<Event>,
): void {
  useEffect(() => {
    if (prompt?.kind !== 'filter') return;
    const { text } = prompt;
    const timer = setTimeout(() => dispatch({ kind: 'filter', text }), isLoaded ? 0 : FILTER_MS);
    return () => clearTimeout(timer);
  }, [prompt, isLoaded, dispatch]);
}

/** Asks the server what would end or change, while the dialog waits for an answer. */
export function usePreview(
  server: ReconnectingClient,
  dialog: Dialog | undefined,
  dispatch: Dispatch<Event>,
): void {
  const { action, targets } = dialog?.kind === 'confirm' || dialog?.kind === 'change' ? dialog : {};
  const value = dialog?.kind === 'change' ? dialog.value : '';
  useEffect(() => {
    if (action === undefined || targets === undefined) return;
    const left = new AbortController();
    const { signal } = left;
    if (action.kind === 'change')
      void previewChange(server.client, { action, targets, value }, signal).then((lines) =>
        dispatch({ kind: 'change-previewed', targets, preview: lines }),
      );
    else if (action.endsMore)
      void preview(server.client, action, targets, signal).then((found) =>
        dispatch({ kind: 'previewed', targets, preview: found }),
      );
    return () => left.abort();
  }, [server, action, targets, value, dispatch]);
}

/** Runs a confirmed job once, until it is done or stopped. */
export function useJob(
  server: ReconnectingClient,
  dialog: Dialog | undefined,
  dispatch: Dispatch<Event>,
): void {
  const { job, isStopping } = dialog?.kind === 'working' ? dialog : {};
  const stop = useRef(new AbortController());
  useEffect(() => {
    if (job === undefined) return;
    stop.current = new AbortController();
    void runJob({ client: server.client, job, dispatch, stop: stop.current.signal });
  }, [server, job, dispatch]);
  useEffect(() => {
    if (isStopping) stop.current.abort();
  }, [isStopping]);
}

/** Returns milliseconds since 1970; renders each second when `ticks`, otherwise only with other changes. */
export function useNow(ticks: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!ticks) return;
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, [ticks]);
  return ticks ? now : Date.now();
}

/**
 * True when there is something to draw: the first rows, or a notice that they are loading. The first drawing
 * is the most expensive.
 */
export function useReady(isLoaded: boolean): boolean {
  const [isSlow, setIsSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsSlow(true), LOADING_MS);
    return () => clearTimeout(timer);
  }, []);
  return isSlow || isLoaded;
}
