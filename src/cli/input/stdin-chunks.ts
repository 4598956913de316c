/** Reads this command's standard input for a program. */
import type { Input } from '../../terminal/io.ts';

/**
 * Yields the input until its end, until a read fails, which is passed to `onProblem`, or until `signal`
 * aborts. Afterwards, nothing keeps this process waiting for input. Never throws.
 */
export async function* stdinChunks(
  stdin: Input,
  signal: AbortSignal,
  onProblem: (problem: string) => void,
): AsyncGenerator<Uint8Array> {
  const close = (): void => void stdin.destroy();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const chunk of stdin) yield chunk;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) onProblem(`standard input cannot be read: ${why}`);
  } finally {
    signal.removeEventListener('abort', close);
  }
}
