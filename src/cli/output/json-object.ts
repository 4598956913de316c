/** Parses JSON given on the command line. */
import { InvalidArgumentError } from 'commander';
import { hasRawBytes } from '../../values/raw-text.ts';

/** Returns the object in `text`. Throws a usage error for anything else. */
export function jsonObject(text: string): Record<string, unknown> {
  if (hasRawBytes(text)) throw new InvalidArgumentError('It is not UTF-8.');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('It is not a JSON object.');
  }
  return { ...value };
}
