/**
 * ^C and kill while a session is shown: the session gets the signal, not we. A second one within two
 * seconds is for us: we leave, and the session goes on. ^\ is for us alone, since most programs end by
 * the first.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const IMPATIENT_MS = 2000;

export interface Forwarding extends Disposable {
  /** Resolves when the person wants to leave. */
  readonly left: Promise<void>;
}

/** Hands signals to `forward` until disposed. `forward` must not reject. */
export function forwardSignals(forward: (signal: string) => Promise<void>): Forwarding {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - lastMs < IMPATIENT_MS) leave();
    else void forward(signal);
    lastMs = nowMs;
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  const onQuit = (): void => leave();
  process.on('SIGQUIT', onQuit);
  return {
    left,
    [Symbol.dispose]: () => {
      process.off('SIGQUIT', onQuit);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
