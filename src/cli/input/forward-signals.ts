/**
 * Forwards ^C and SIGTERM to the session that is shown. A second one within two seconds leaves it running and
 * ends this command, as does ^\ at once, which would end most programs.
 */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const IMPATIENT_MS = 2000;

export interface Forwarding extends Disposable {
  /** Resolves when the person leaves the session. */
  readonly left: Promise<void>;
}

/** Passes signals to `forward` until disposed of. `forward` must not reject. */
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
