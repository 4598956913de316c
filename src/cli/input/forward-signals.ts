/**
 * Forwards ^C and SIGTERM to the attached session. A second one within two seconds ends this command and
 * leaves the session running, as ^\ does at once.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const TWICE_MS = 2000;

export interface Forwarding extends Disposable {
  /** Resolves when the user leaves the session. */
  readonly left: Promise<void>;
}

/** Passes signals to `forward` until disposed of. `forward` must not reject. */
export function forwardSignals(forward: (signal: string) => Promise<void>): Forwarding {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - lastMs < TWICE_MS) leave();
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
