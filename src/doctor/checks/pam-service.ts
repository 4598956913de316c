/** Reads services of PAM with all that they include (pam.d(5)). */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

const MAX_DEPTH = 8;
const INCLUDE = /^@include\s+(\S+)/;
/** Type, control and module, or the included service, with the arguments. */
const RULE = /^-?(\w+)\s+(\[[^\]]*\]|\S+)\s+(\S+)/;

export interface PamRule {
  readonly type: string;
  /** Name of the module without its folder and ".so". */
  readonly module: string;
  /** The rule as it is written, with single spaces. */
  readonly line: string;
}

/** Returns the path of a service's file. */
export function pamFile(service: string): string {
  return `/etc/pam.d/${service}`;
}

/** Returns the rules of a service in their order; those of a file that cannot be read are left out. */
export function pamRules(service: string): PamRule[] {
  return rulesIn(pamFile(service), 0);
}

function rulesIn(path: string, depth: number): PamRule[] {
  if (depth > MAX_DEPTH) return [];
  const included = (name: string): PamRule[] => rulesIn(resolve(dirname(path), name), depth + 1);
  return linesOf(path).flatMap((line) => {
    const [, everything] = INCLUDE.exec(line) ?? [];
    if (everything !== undefined) return included(everything);
    const [, type, control = '', name] = RULE.exec(line) ?? [];
    if (type === undefined || name === undefined) return [];
    if (control === 'include' || control === 'substack')
      return included(name).filter((rule) => rule.type === type);
    return [{ type, module: basename(name, '.so'), line: line.replaceAll(/\s+/g, ' ') }];
  });
}

function linesOf(path: string): string[] {
  const lines = readable(path).replaceAll('\\\n', ' ').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim());
}

function readable(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
