/** A session on our own standard streams, until it ends or the person leaves. */
import type { Run } from './run.ts';

export interface Shown {
  readonly session: Promise<{ readonly id: string }>;
  readonly offset: number;
  readonly input: boolean;
  readonly ours: boolean;
}

export async function showSession(_run: Run, _shown: Shown): Promise<number> {
  return 255;
}
