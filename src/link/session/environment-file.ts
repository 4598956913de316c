/** Reads variables in the format of /etc/environment as pam_env(8) does, which is not that of a shell. */

const CONTINUED = /\\[ \t]*\n/g;
const LINE = /^[ \t]*(?:export )?([A-Za-z0-9_]+)(?:=(.*))?$/;

/** Returns the variables of `text`. Later lines win; a name alone removes its variable. */
export function parseVariables(text: string): Record<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.replaceAll(CONTINUED, '').split('\n')) {
    const [, name, value] = LINE.exec(line.replace(/#.*/, '').trimEnd()) ?? [];
    if (name === undefined) continue;
    if (value === undefined) variables.delete(name);
    else variables.set(name, unquoted(value));
  }
  return Object.fromEntries(variables);
}

/** A quote at the start, of either kind, is dropped together with one at the end; others are kept. */
function unquoted(value: string): string {
  return /^["']/.test(value) ? value.slice(1).replace(/["']$/, '') : value;
}
