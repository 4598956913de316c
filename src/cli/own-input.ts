/** Our standard input as the program's. */
import { AppError } from '../errors.ts';
import type { Input } from './io.ts';

/** What comes in, until its end or until `signal` aborts; then nothing keeps this process waiting for more. */
export async function* ownInput(stdin: Input, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const close = (): void => void stdin.destroy();
  signal.addEventListener('abort', close, { once: true });
  try {
    for await (const chunk of stdin) yield chunk;
  } catch (cause) {
    if (signal.aborted) return;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('USAGE', `standard input cannot be read: ${why}`, { cause });
  } finally {
    signal.removeEventListener('abort', close);
  }
}
