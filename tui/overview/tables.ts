/** The tables of the overview: logins, usage of links, refusals. */
import { type LinkUse, type Refusal, RefusalKind } from '../../src/generated/latchkey/v1/system.ts';
import type { Login } from '../../src/generated/latchkey/v1/token.ts';
import { size } from '../../src/terminal/format.ts';
import { methodWord, reasonName, refusalWord } from '../../src/terminal/state-words.ts';
import { layTable, type Value } from '../../src/terminal/table.ts';
import type { Column } from '../screen.ts';
import { cellOf } from '../view/line.ts';
import { type Appearance, painter } from '../view/theme.ts';
import { share } from './numbers.ts';

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Value[])[];
  /** Text shown when there are no rows. */
  readonly none: string;
}

export function loginsTable(logins: readonly Login[]): Table {
  return {
    columns: [
      { title: 'LATEST LOGINS', shrinks: true },
      { title: 'LOGGED IN' },
      { title: 'TOKENS' },
      { title: 'LINKS', optional: true },
      { title: 'SESSIONS' },
      { title: 'FROM', shrinks: true, optional: true },
    ],
    rows: logins.map(({ login, newestIssuedAt, tokens, links, sessions, clientAddresses }) => [
      login,
      newestIssuedAt,
      String(tokens),
      String(links),
      String(sessions),
      clientAddresses.join(', '),
    ]),
    none: 'no logins',
  };
}

export function linksTable(links: readonly LinkUse[]): Table {
  return {
    columns: [
      { title: 'BUSIEST LINKS', shrinks: true },
      { title: 'CPU' },
      { title: 'MEMORY' },
      { title: 'SESSIONS' },
      { title: 'PID', optional: true },
      { title: 'LINK', shrinks: true, optional: true },
    ],
    rows: links.map(({ linuxUser, cpuShare, memoryBytes, sessions, pid, socket }) => [
      linuxUser,
      share(cpuShare),
      size(memoryBytes),
      String(sessions),
      String(pid),
      socket,
    ]),
    none: 'no links',
  };
}

/** Prefix of nearly every method, left out. */
const OWN_PACKAGE = /^latchkey\.v1\./;

export function refusalsTable(refusals: readonly Refusal[]): Table {
  return {
    columns: [
      { title: 'REFUSED', shrinks: true },
      { title: 'LAST' },
      { title: 'COUNT' },
      { title: 'CALLER', shrinks: true },
      { title: 'REASON', shrinks: true },
      { title: 'METHOD', shrinks: true, optional: true },
    ],
    rows: refusals.map(({ kind, lastAt, count, login, source, reason, cause, rpc, authMethod }) => [
      { text: refusalWord(kind), style: 'bad' },
      lastAt,
      String(count),
      [login, source].filter((text) => text !== '').join(' from '),
      cause || reasonName(reason),
      kind === RefusalKind.LOGIN ? methodWord(authMethod) : rpc.replace(OWN_PACKAGE, ''),
    ]),
    none: 'no refusals',
  };
}

/** Returns at most `height` lines, the headings first; omits rows that do not fit. */
export function tableLines(
  { columns, rows, none }: Table,
  size: { readonly width: number; readonly height: number },
  nowMs: number,
  appearance: Appearance,
): string[] {
  if (size.height <= 0) return [];
  const shown = rows.slice(0, size.height - 1).map((row) => row.map((value) => cellOf(value, nowMs)));
  const lines = layTable(columns, shown, size.width, painter(appearance));
  return (rows.length === 0 ? [...lines.slice(0, 1), appearance.plain(none)] : lines).slice(0, size.height);
}

/** Returns rows as text for a screen reader: "latest logins alice, logged in 3 min ago, tokens 2". */
export function tableInWords({ columns, rows, none }: Table, nowMs: number, most: number): string[] {
  if (rows.length === 0) return [none];
  return rows.slice(0, most).map((row) =>
    columns
      .flatMap(({ title }, at) => {
        const { text } = cellOf(row[at], nowMs);
        return text === '' ? [] : `${title.toLowerCase()} ${text}`;
      })
      .join(', '),
  );
}
