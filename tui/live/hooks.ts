/** What React keeps going while the dashboard is there: the watch, the debounced filter, an action, the clock. */
import { type Dispatch, useEffect, useRef, useState } from 'react';
import type { LastingClient } from '../../src/client/lasting-client.ts';
import type { Event } from '../state/reduce.ts';
import type { Dialog, Prompt, View } from '../state/state.ts';
import { emptyWindow } from '../state/window.ts';
import { act } from './act.ts';
import { Feed } from './feed.ts';

/** Long enough for the next key, short enough to feel at once. */
const FILTER_MS = 120;
const TICK_MS = 1_000;

/** The rows of what is looked at, kept as the server has them. */
export function useWatch(
  server: LastingClient,
  { query, window: { wanted } }: View,
  tell: Dispatch<Event>,
): void {
  const feed = useRef<Feed>(undefined);
  useEffect(() => {
    const opened = new Feed(server, query, emptyWindow.wanted, tell);
    feed.current = opened;
    return () => opened[Symbol.dispose]();
  }, [server, query, tell]);
  useEffect(() => feed.current?.want(wanted), [wanted]);
}

/** Puts what is typed into force a moment after the last key. */
export function useTypedFilter(prompt: Prompt | undefined, tell: Dispatch<Event>): void {
  useEffect(() => {
    if (prompt?.kind !== 'filter') return;
    const timer = setTimeout(() => tell({ kind: 'filter', text: prompt.text }), FILTER_MS);
    return () => clearTimeout(timer);
  }, [prompt, tell]);
}

/** Does what was confirmed, once. */
export function useAction(server: LastingClient, dialog: Dialog | undefined, tell: Dispatch<Event>): void {
  useEffect(() => {
    if (dialog?.kind === 'acting') void act(server.client, dialog.screen, dialog.rows).then(tell);
  }, [server, dialog, tell]);
}

/** Milliseconds since 1970, each second anew. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
