/** Our standard input as the program's. */
import type { Input } from '../../terminal/io.ts';

/**
 * What comes in, until its end, until it cannot be read, which `tell` learns, or until `signal` aborts;
 * then nothing keeps this process waiting for more. Never throws.
 */
export async function* stdinChunks(
  stdin: Input,
  signal: AbortSignal,
  tell: (problem: string) => void,
): AsyncGenerator<Uint8Array> {
  const close = (): void => void stdin.destroy();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const chunk of stdin) yield chunk;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (!signal.aborted) tell(`standard input cannot be read: ${why}`);
  } finally {
    signal.removeEventListener('abort', close);
  }
}
