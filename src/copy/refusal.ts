/** Reasons why one item is not copied while the copy goes on. */
import { codeOf, reasonOf } from '../errno.ts';

export class Refusal extends Error {}

/** Returns why an item was not copied. Throws `error` again when it is about more than that item. */
export function whyNot(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  if (codeOf(error) === undefined || error instanceof TypeError) throw error;
  return reasonOf(error);
}
