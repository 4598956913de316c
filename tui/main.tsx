/**
 * The terminal dashboard (X7): the role `latchkey tui`. Uses only the public API with the caller's own
 * rights, never writes foreign text to the terminal raw, and restores the terminal however it ends.
 */
import { type CallerIdentity, ReconnectingClient } from '../src/client/watch/reconnecting-client.ts';
import { AppError } from '../src/errors.ts';
import { inert } from '../src/inert.ts';
import { explain } from '../src/terminal/failure.ts';
import { Dashboard } from './dashboard.tsx';
import { mount } from './mount.ts';
import { readOptions, type TuiOptions } from './options.ts';
import type { Screen } from './screen.ts';
import { screensFor } from './screens/all.ts';
import { screensMatching } from './state/prompt.ts';
import { initialState } from './state/state.ts';
import { loadLayout } from './yoga.ts';

/** Runs `latchkey tui` with its arguments; resolves with the exit status. */
export async function runTui(argv: readonly string[]): Promise<number> {
  try {
    return await show(readOptions(argv, process.env));
  } catch (error) {
    const { text, status } = explain(error);
    process.stderr.write(`latchkey: ${inert(text)}\n`);
    return status;
  }
}

async function show({ appearance, screen, readOnly, mouse, connect: options }: TuiOptions): Promise<number> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY || process.env.TERM === 'dumb')
    throw new AppError('USAGE', "the dashboard needs a terminal; without one, use 'latchkey tokens watch'");
  const layout = loadLayout();
  await using server = await ReconnectingClient.connect(options);
  const size = { columns: stdout.columns, rows: stdout.rows };
  await layout;
  const start = initialState(server.who, firstScreen(screen, server.who), readOnly, size);
  const dashboard = (
    <Dashboard server={server} start={start} appearance={appearance} mouse={mouse && !appearance.isSpoken} />
  );
  return await mount(dashboard, { isSpoken: appearance.isSpoken });
}

/** Returns the first screen whose name begins with `name`. Throws USAGE. */
function firstScreen(name: string, who: CallerIdentity): Screen {
  const [found] = screensMatching(name, who);
  if (found !== undefined) return found;
  const names = screensFor(who).map((screen) => screen.name.toLowerCase());
  throw new AppError('USAGE', `--screen is one of ${names.join(', ')}`);
}
