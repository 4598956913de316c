/**
 * The terminal while something is drawn on it. It is left as it was, with its main screen, its settings and
 * its cursor, whatever ends the drawing: a key, a signal or an unexpected failure.
 */
import { render } from 'ink';
import type { ReactNode } from 'react';
import { DONE } from '../src/exit-status.ts';

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;
/** ^C and ^\ */
const FROM_KEYS: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);
const UNFORESEEN = ['uncaughtException', 'unhandledRejection'] as const;

export interface MountOptions {
  /** Aborted when the dashboard is to end. */
  readonly leaving: AbortController;
  /** True while signals from keys are meant for another command. */
  readonly isHandedOver: () => boolean;
  /** True for a screen reader: text is appended on the main screen. */
  readonly isSpoken: boolean;
}

/** Resolves with the exit status; throws an unexpected failure. */
export async function mount(
  node: ReactNode,
  { leaving, isHandedOver, isSpoken }: MountOptions,
): Promise<number> {
  const { stdin, stdout } = process;
  // Keys typed during the start must not disturb the screen: no more echo, and start in the first column.
  stdin.setRawMode(true);
  stdout.write('\r');
  const app = render(node, {
    alternateScreen: !isSpoken,
    incrementalRendering: !isSpoken,
    maxFps: 60,
    isScreenReaderEnabled: isSpoken,
    interactive: true,
    exitOnCtrlC: false,
    patchConsole: false,
  });
  let status: number = DONE;
  const unforeseen: unknown[] = [];
  const leave = (): void => {
    leaving.abort();
    app.unmount();
  };
  for (const [signal, its] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (FROM_KEYS.has(signal) && isHandedOver()) return;
      status = its;
      leave();
    });
  for (const event of UNFORESEEN)
    process.on(event, (error: unknown) => {
      unforeseen.push(error); // Ink takes none
      leave();
    });
  await app.waitUntilExit();
  if (unforeseen.length > 0) throw unforeseen[0];
  return status;
}
