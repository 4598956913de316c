/** The configuration file that the package installs: every setting, commented out, with its default. */
import { stringify } from 'yaml';
import { DESCRIPTIONS } from '../../src/config/settings/descriptions.ts';
import { SETTING_NAMES, SETTINGS } from '../../src/config/settings/settings.ts';

const HEAD = `# Latchkey's configuration, latchkey-config(5). What is commented out is the default.
# To try a change: latchkey config check. To put it in force: systemctl reload latchkey.
`;

/** YAML. Taking the "#" off a line, and off the lines above that it is indented below, sets it. */
export function defaultConfig(): string {
  const open: string[] = [];
  const lines = SETTING_NAMES.flatMap((name) => {
    const [key = '', ...outer] = name.split('.').reverse();
    const sections = outer.reverse();
    const shared = sections.findIndex((section, depth) => open[depth] !== section);
    const fresh = shared === -1 ? [] : sections.slice(shared);
    const headings = fresh.map(
      (section, index) => `#${indent(sections.length - fresh.length + index)}${section}:`,
    );
    open.splice(0, open.length, ...sections);
    const { kind, fallback } = SETTINGS[name];
    const value = stringify(fallback('system'), { collectionStyle: 'flow', lineWidth: 0 }).trim();
    const inner = indent(sections.length);
    const gap = fresh.length === sections.length ? [''] : [];
    const about = `#${inner}# ${DESCRIPTIONS[name]}`;
    return [...gap, ...headings, about, `#${inner}# Wanted: ${kind.wanted}.`, `#${inner}${key}: ${value}`];
  });
  return [HEAD.trimEnd(), ...lines, ''].join('\n');
}

function indent(depth: number): string {
  return '  '.repeat(depth);
}
