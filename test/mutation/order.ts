/** Tells every process of a world which mutant is active there, or where to note the mutants it reaches. */
import { readFileSync } from 'node:fs';

/** Private to the world (test/support/world), and readable for all of its accounts. */
export const ORDER_FILE = '/mnt/mutation';

export interface Order {
  /** The id of the mutant that is active. */
  readonly active?: string;
  /** A file to which the ids of reached mutants are appended. */
  readonly reached?: string;
}

export function readOrder(): Order {
  try {
    return JSON.parse(readFileSync(ORDER_FILE, 'utf8'));
  } catch {
    return {}; // not in the world of a trial
  }
}
