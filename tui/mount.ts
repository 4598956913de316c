/**
 * The terminal while something is drawn on it. Promises that it is left as it was found, on its first
 * screen, with its own settings, its cursor shown, whatever ends it: a key, a signal, or something
 * unforeseen, in drawing or elsewhere.
 */
import { render } from 'ink';
import type { ReactNode } from 'react';
import { DONE } from '../src/exit-status.ts';

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;
/** ^C and ^\ */
const FROM_KEYS: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);
const UNFORESEEN = ['uncaughtException', 'unhandledRejection'] as const;

export interface MountOptions {
  /** Aborted as soon as it is to end. */
  readonly leaving: AbortController;
  /** Whether keys that are signals are meant for somebody else now. */
  readonly isLent: () => boolean;
  /** Whether what is drawn is for a screen reader: as text that goes on, on the first screen. */
  readonly isSpoken: boolean;
}

/** Resolves with the exit status; throws what was unforeseen. */
export async function mount(node: ReactNode, { leaving, isLent, isSpoken }: MountOptions): Promise<number> {
  const { stdin, stdout } = process;
  // What was typed while this began must move nothing on the screen: no more echo, and from the first column.
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
      if (FROM_KEYS.has(signal) && isLent()) return;
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
