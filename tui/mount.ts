/**
 * Draws on the terminal until a key, a signal or an unexpected failure ends it, and then restores the main
 * screen, the terminal's settings and the cursor.
 */
import { render } from 'ink';
import type { ReactNode } from 'react';
import { DONE } from '../src/exit-status.ts';

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;
/** ^C and ^\ */
const FROM_KEYS: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);
const UNEXPECTED = ['uncaughtException', 'unhandledRejection'] as const;

export interface MountOptions {
  /** Aborted when the dashboard is to end. */
  readonly leaving: AbortController;
  /** Returns true while another command has the terminal: signals from keys are meant for it. */
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
  // Keys typed during the start must not disturb the screen: no echo from now on, and start in column 1.
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
  const unexpected: unknown[] = [];
  const leave = (): void => {
    leaving.abort();
    app.unmount();
  };
  for (const [signal, exitStatus] of Object.entries(SIGNALS))
    process.on(signal, () => {
      if (FROM_KEYS.has(signal) && isHandedOver()) return;
      status = exitStatus;
      leave();
    });
  for (const event of UNEXPECTED)
    process.on(event, (error: unknown) => {
      unexpected.push(error); // Ink does not report them
      leave();
    });
  await app.waitUntilExit();
  if (unexpected.length > 0) throw unexpected[0];
  return status;
}
