/** Lets a command that is ended by a signal clean up. */
export interface Interruption extends Disposable {
  readonly signal: AbortSignal;
}

/** Returns a signal that aborts when somebody ends this command; doing it again then ends it at once. */
export function interruption(): Interruption {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, abort);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, abort);
    },
  };
}
