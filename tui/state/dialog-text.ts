/** What dialogs say: the help, a question, a receipt. */
import { inert } from '../../src/inert.ts';
import { brokenLine } from '../../src/terminal/broken-line.ts';
import { displayWidth, padTo, truncate } from '../../src/terminal/display-width.ts';
import { behindHelp } from './keys.ts';
import { type Dialog, heightOf, type State } from './state.ts';

/** As wide as two columns of help are. */
const TWO_COLUMNS = 76;

export function dialogTitle(dialog: Dialog): string {
  switch (dialog.kind) {
    case 'help':
      return 'Keys';
    case 'told':
      return dialog.title;
    case 'confirm':
      return question(dialog);
    case 'acting':
      return 'Working …';
  }
}

/** Inert, and no wider than the terminal. */
export function dialogLines(state: State, dialog: Dialog): string[] {
  const { columns } = state.size;
  if (dialog.kind === 'help') return help(state);
  if (dialog.kind === 'told') return dialog.lines.flatMap((line) => brokenLine(inert(line), columns));
  const consequence = dialog.kind === 'confirm' ? dialog.screen.action?.consequence : undefined;
  return [
    ...named(state, dialog),
    ...(consequence === undefined ? [] : ['', ...brokenLine(consequence, columns)]),
  ];
}

function help(state: State): string[] {
  const rows = behindHelp(state).map(({ keys, help: text }) => [keys.join(' '), text] as const);
  const widest = Math.max(...rows.map(([keys]) => displayWidth(keys)));
  const lines = rows.map(([keys, text]) => `${padTo(keys, widest)}  ${text}`);
  const { columns } = state.size;
  if (columns < TWO_COLUMNS) return lines.map((line) => truncate(line, columns));
  const half = Math.ceil(lines.length / 2);
  return lines.slice(0, half).map((line, at) => {
    const left = padTo(line, (columns >> 1) + 1);
    return truncate(left + (lines[half + at] ?? ''), columns).trimEnd();
  });
}

type Acting = Extract<Dialog, { kind: 'confirm' | 'acting' }>;

/** "Revoke 3 tokens?" */
function question({ screen, rows }: Acting): string {
  const verb = screen.action?.verb ?? '';
  const what = rows.length === 1 ? '' : ` ${rows.length} ${screen.rows}`;
  return `${verb.charAt(0).toUpperCase()}${verb.slice(1)}${what}?`;
}

/** As many as leave room for what is said about them. */
function named(state: State, { rows }: Acting): string[] {
  const room = Math.max(1, heightOf(state.size) - 5);
  const lines = rows.slice(0, room).map(({ title }) => `  ${truncate(inert(title), state.size.columns - 2)}`);
  return rows.length > room ? [...lines, `  and ${rows.length - room} more`] : lines;
}
