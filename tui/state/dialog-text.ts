/** The texts of dialogs: help, a question, choices, progress, a receipt. */
import type { Receipt } from '../../src/generated/latchkey/v1/token.ts';
import { inert } from '../../src/inert.ts';
import { displayWidth, padTo, truncate } from '../../src/terminal/display-width.ts';
import { count, listed } from '../../src/terminal/format.ts';
import type { Cell } from '../../src/terminal/table.ts';
import { wrap } from '../../src/terminal/wrap.ts';
import { endsOwn, type Target } from '../screen.ts';
import { chosen, matching } from './choices.ts';
import { helpBindings } from './keys.ts';
import { type Dialog, heightOf, type Job, keptSessions, listOf, type State } from './state.ts';

/** Columns between the two columns of the help. */
const GAP = 2;

type Of<Kind extends Dialog['kind']> = Extract<Dialog, { kind: Kind }>;

export function dialogTitle(state: State, dialog: Dialog): string {
  switch (dialog.kind) {
    case 'help':
      return 'Keys';
    case 'report':
      return dialog.title;
    case 'confirm':
    case 'change':
      return `${capital(dialog.action.verb)}${manyOf(state, dialog.targets)}?`;
    case 'choose':
      return `${capital(dialog.action.verb)}${manyOf(state, dialog.targets)}`;
    case 'working':
      return workTitle(dialog);
    case 'ended':
      return 'This login has ended';
  }
}

/** Returns the lines, inert and no wider than the terminal. */
export function dialogLines(state: State, dialog: Dialog): string[] {
  return dialogCells(state, dialog).map(({ text }) => text);
}

/** Returns the lines with their styles. */
export function dialogCells(state: State, dialog: Dialog): Cell[] {
  if (dialog.kind !== 'report') return textOf(state, dialog).map((text) => ({ text }));
  return dialog.lines.flatMap((line) => {
    const { text, ...style } = typeof line === 'string' ? { text: line } : line;
    return wrap(inert(text), state.size.columns).map((part) => ({ text: part, ...style }));
  });
}

function textOf(state: State, dialog: Exclude<Dialog, { kind: 'report' }>): string[] {
  const { columns } = state.size;
  switch (dialog.kind) {
    case 'help':
      return help(state);
    case 'confirm':
      return confirmLines(state, dialog);
    case 'change':
      return changeLines(state, dialog);
    case 'choose':
      return chooseLines(state, dialog);
    case 'working':
      return workLines(dialog).flatMap((line) => wrap(line, columns));
    case 'ended':
      return endedLines(dialog).flatMap((line) => wrap(inert(line), columns));
  }
}

/** Uses two columns when one is too high and both fit. */
function help(state: State): string[] {
  const rows = helpBindings(state).map(({ keys, help: text }) => [keys.join(' '), text] as const);
  const half = rows.length <= heightOf(state.size) ? rows.length : Math.ceil(rows.length / 2);
  const left = aligned(rows.slice(0, half));
  const right = aligned(rows.slice(half));
  const { columns } = state.size;
  const from = Math.max(widest(left) + GAP, columns >> 1);
  if (from + widest(right) > columns) return aligned(rows).flatMap((line) => wrap(line, columns));
  return left.map((line, at) => (padTo(line, from) + (right[at] ?? '')).trimEnd());
}

function aligned(rows: readonly (readonly [keys: string, text: string])[]): string[] {
  const width = widest(rows.map(([keys]) => keys));
  return rows.map(([keys, text]) => `${padTo(keys, width)}  ${text}`);
}

function widest(lines: readonly string[]): number {
  return Math.max(0, ...lines.map(displayWidth));
}

function confirmLines(state: State, dialog: Of<'confirm'>): string[] {
  const { action, targets, preview } = dialog;
  const { who } = state;
  const isOwn = targets.some((target) => endsOwn(target, who)) || endsToken(preview, who.jti);
  const said = [
    ...(action.endsMore && isOwn ? ['This is the login that you are using: the dashboard will end.'] : []),
    ...(action.endsMore ? previewed(preview) : []),
    ...choiceLine(dialog),
    action.consequence,
  ].flatMap((line) => wrap(inert(line), state.size.columns));
  return [...named(state, targets, said.length + 1), '', ...said];
}

/** True when the server has said that the token `jti` would end. */
function endsToken(preview: Receipt | string | undefined, jti: string): boolean {
  return typeof preview === 'object' && preview.jtis.includes(jti);
}

/** Returns a sentence such as "Ends 3 tokens and 1 link. 2 sessions keep running." */
function previewed(preview: Receipt | string | undefined): string[] {
  if (preview === undefined) return ['Asking the server what would end …'];
  if (typeof preview === 'string') return [`It is unknown what would end: ${preview}`];
  const { jtis, links, sessions, stillRunning } = preview;
  if (jtis.length === 0 && links.length === 0) return ['It no longer exists.'];
  const keeps = stillRunning.filter(({ sessionId }) => sessionId !== '').length;
  const ends = listed([
    ...some(jtis.length, 'token'),
    ...some(links.length, 'link'),
    ...some(sessions.length, 'running session'),
  ]);
  if (keeps > 0)
    return [`Ends ${ends}. ${count(keeps, 'session')} ${keeps === 1 ? 'keeps' : 'keep'} running.`];
  if (sessions.length > 0) return [`Ends ${ends}.`];
  return [`Ends ${ends}. No session runs with ${jtis.length === 1 ? 'it' : 'them'}.`];
}

/** Says what the key does that ends the sessions, too. */
function choiceLine(dialog: Of<'confirm'>): string[] {
  const kept = keptSessions(dialog);
  return kept === 0
    ? []
    : [`y ${dialog.action.verb} · e ${dialog.action.verb} and end ${count(kept, 'session')}`];
}

function changeLines(state: State, { action, targets, value, preview }: Of<'change'>): string[] {
  const said = [...(preview ?? ['Asking the server what would change …']), action.consequence(value)].flatMap(
    (line) => wrap(inert(line), state.size.columns),
  );
  return [...named(state, targets, said.length + 1), '', ...said];
}

function some(many: number, one: string): string[] {
  return many === 0 ? [] : [count(many, one)];
}

function chooseLines(state: State, { asks, targets, text, at }: Of<'choose'>): string[] {
  const { columns } = state.size;
  const found = matching(asks, text);
  const width = widest(found.map(({ name }) => name));
  const lines = found.map(
    ({ name, help: means }, index) => `${index === at ? '▸' : ' '} ${padTo(name, width)}  ${means}`,
  );
  const meant = chosen(asks, text, at);
  const typed = meant === '' ? (asks.hint ?? `no such ${asks.what}`) : `▸ ${inert(meant)}, as typed`;
  const all = lines.length > 0 ? lines : wrap(typed, columns);
  return [...all, '', ...named(state, targets, all.length + 1)].map((line) => truncate(line, columns));
}

function workTitle({ job, isStopping }: Of<'working'>): string {
  if (isStopping) return 'Stopping after the current calls …';
  return job.kind === 'mark' ? 'Marking …' : 'Working …';
}

function workLines({ job, done, isStopping }: Of<'working'>): string[] {
  return [
    `${count(done, 'row')} of ${amountOf(job).toLocaleString('en')} done.`,
    isStopping ? '^c quits without waiting for them.' : 'esc stops after the current calls.',
  ];
}

function endedLines({ why }: Of<'ended'>): string[] {
  return [
    `${capital(why)}.`,
    '',
    "The screen may be out of date. q quits; log in again, then start 'latchkey tui' again.",
  ];
}

function amountOf(job: Job): number {
  return job.kind === 'mark' ? job.total : job.targets.length;
}

/** " 3 tokens"; nothing for one. */
function manyOf(state: State, targets: readonly Target[]): string {
  if (targets.length === 1) return '';
  return ` ${targets.length.toLocaleString('en')} ${listOf(state)?.query.screen.rows ?? 'rows'}`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** Lists rows, leaving room for `others` lines. */
function named(state: State, targets: readonly Target[], others: number): string[] {
  const room = Math.max(1, heightOf(state.size) - others - 1);
  const lines = targets
    .slice(0, room)
    .map(({ title }) => `  ${truncate(inert(title.slice(0, LONGEST)), state.size.columns - 2)}`);
  const more = targets.length - lines.length;
  return more > 0 ? [...lines, `  and ${more.toLocaleString('en')} more`] : lines;
}

/** Longest text, wider than any terminal. */
const LONGEST = 2_000;
