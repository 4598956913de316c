/**
 * Variables that would steer this program's own processes are set aside under another name while it runs, so
 * that a link can still give them to its user's programs.
 */

const PREFIX = 'ASIDE_';

/** Returns the environment with a harmless name for each variable whose name matches `pattern`. */
export function setAside<Value>(
  environment: Readonly<Record<string, Value>>,
  pattern: RegExp,
): Record<string, Value> {
  const renamed = (name: string): string => (pattern.test(name) ? `${PREFIX}${name}` : name);
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [renamed(name), value]));
}

/** Returns the environment with the names that the variables had before they were set aside. */
export function restoreNames<Value>(environment: Readonly<Record<string, Value>>): Record<string, Value> {
  const before = (name: string): string => (name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name);
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [before(name), value]));
}
