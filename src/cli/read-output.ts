import type { Run } from './run.ts';
export interface ReadOptions {
  readonly follow?: boolean;
  readonly offset?: number;
}
export async function readOutput(_run: Run, _id: string, _options: ReadOptions): Promise<undefined> {}
