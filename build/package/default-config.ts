/** The configuration file that the package installs: every setting with its default, commented out. */
import { stringify } from 'yaml';
import { defaultOf, isSetting, type Setting, type SettingTable } from '../../src/config/settings/setting.ts';
import { SETTINGS } from '../../src/config/settings/settings.ts';

const HEAD = `# Latchkey's configuration, latchkey-config(5). Settings that are commented out have their defaults.
# To check a change: latchkey config check. To apply it: systemctl reload latchkey,
# or systemctl restart latchkey for settings that need a restart.
`;

/**
 * Returns YAML. Removing the "#" from a line, and from the lines above that it is indented below, sets
 * it.
 */
export function defaultConfig(table: SettingTable = SETTINGS): string {
  const sections = Object.entries(table).map(([key, entry]) => [...linesOf(key, entry, ''), ''].join('\n'));
  return [HEAD, ...sections].join('\n');
}

function linesOf(key: string, entry: Setting | SettingTable, indent: string): string[] {
  if (!isSetting(entry)) {
    const inner = Object.entries(entry).flatMap(([each, one]) => linesOf(each, one, `${indent}  `));
    return [`#${indent}${key}:`, ...inner];
  }
  const { type, text, reload } = entry;
  const value = stringify(defaultOf(entry, 'system'), { collectionStyle: 'flow', lineWidth: 0 }).trim();
  const restart = reload ? [] : ['# A change needs a restart.'];
  const lines = [`# ${text}`, `# Value: ${type.expected}.`, ...restart, `${key}: ${value}`];
  return lines.map((line) => `#${indent}${line}`);
}
