/** Makes the terminal report the mouse while the dashboard has the terminal. Ink ignores these reports. */
import { useStdin, useStdout } from 'ink';
import { type Dispatch, useEffect } from 'react';
import { parseMouse } from '../state/mouse.ts';
import type { Event } from '../state/update.ts';

/** xterm's modes 1000 for buttons and wheel, and 1006 for coordinates without an upper bound. */
const REPORT = '\u001b[?1000h\u001b[?1006h';
const REPORT_NOTHING = '\u001b[?1006l\u001b[?1000l';
/** Most characters kept of an incomplete report; longer than any report. */
const LONGEST = 32;

export function useMouse(isOn: boolean, dispatch: Dispatch<Event>): void {
  const { stdin } = useStdin();
  const { stdout } = useStdout();
  useEffect(() => {
    if (!isOn) return;
    let rest = '';
    const onData = (chunk: Buffer | string): void => {
      const parsed = parseMouse(rest + String(chunk));
      for (const at of parsed.actions) dispatch({ kind: 'mouse', at });
      rest = parsed.rest.slice(-LONGEST);
    };
    stdin.on('data', onData);
    stdout.write(REPORT);
    return () => {
      stdin.off('data', onData);
      stdout.write(REPORT_NOTHING);
    };
  }, [isOn, stdin, stdout, dispatch]);
}
