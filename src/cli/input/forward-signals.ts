/**
 * Forwards signals to the attached session. A second one within two seconds ends this command and leaves the
 * session running, as ^\ does at once.
 */
const TWICE_MS = 2000;

export interface Forwarding extends Disposable {
  /** Resolves when the user leaves the session. */
  readonly left: Promise<void>;
  /** Leaves the session. */
  leave(): void;
}

/** Passes `signals` to `forward` until disposed of, and leaves at SIGTERM unless that is one of them. */
export function forwardSignals(
  signals: readonly NodeJS.Signals[],
  forward: (signal: string) => Promise<void>,
): Forwarding {
  const { promise: left, resolve: leave } = Promise.withResolvers<void>();
  let lastMs = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - lastMs < TWICE_MS) leave();
    else void forward(signal);
    lastMs = nowMs;
  };
  const leaving = (['SIGQUIT', 'SIGTERM'] as const).filter((signal) => !signals.includes(signal));
  const onLeave = (): void => leave();
  for (const signal of signals) process.on(signal, onSignal);
  for (const signal of leaving) process.on(signal, onLeave);
  return {
    left,
    leave: onLeave,
    [Symbol.dispose]: () => {
      for (const signal of leaving) process.off(signal, onLeave);
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
