import { setTimeout as delay } from 'node:timers/promises';

const SETTLED_MS = 60_000;
const SOON_MS = 20;

/** Waits until `look` returns no complaint; throws the complaint after too long. */
export async function until(what: string, look: () => Promise<string>, pauseMs = SOON_MS): Promise<void> {
  const deadline = performance.now() + SETTLED_MS;
  for (let complaint = await look(); complaint !== ''; complaint = await look()) {
    if (performance.now() > deadline) throw new Error(`${what}: ${complaint}`);
    await delay(pauseMs);
  }
}
