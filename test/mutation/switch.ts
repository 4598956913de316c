/**
 * Functions that code with mutants calls, in whichever process it runs. Each file that has mutants imports
 * them under the names that @stryker-mutator/instrumenter uses (plant.ts).
 */
import { appendFileSync } from 'node:fs';
import { readOrder } from './order.ts';

const { active, reached } = readOrder();
const noted = new Set<string>();

export function isActive(mutant: string): boolean {
  return mutant === active;
}

/**
 * Notes that code with these mutants has been run; those that cannot be noted now are noted when it runs
 * again.
 */
export function cover(...mutants: readonly string[]): void {
  if (reached === undefined) return;
  const fresh = mutants.filter((mutant) => !noted.has(mutant));
  if (fresh.length === 0) return;
  try {
    appendFileSync(reached, `${fresh.join('\n')}\n`);
  } catch {
    return; // a test may have left this process without descriptors
  }
  for (const mutant of fresh) noted.add(mutant);
}
