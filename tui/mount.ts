/**
 * Draws on the terminal until a key, a signal or an unexpected failure ends it, and then restores the main
 * screen, the terminal's settings and the cursor.
 */
import { render } from 'ink';
import type { ReactNode } from 'react';
import { DONE } from '../src/exit-status.ts';

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;
const UNEXPECTED = ['uncaughtException', 'unhandledRejection'] as const;

export interface MountOptions {
  /** True for a screen reader: text is appended on the main screen. */
  readonly isSpoken: boolean;
}

/** Resolves with the exit status; throws an unexpected failure. */
export async function mount(node: ReactNode, { isSpoken }: MountOptions): Promise<number> {
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
  const leave = (): void => app.unmount();
  for (const [signal, exitStatus] of Object.entries(SIGNALS))
    process.on(signal, () => {
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
