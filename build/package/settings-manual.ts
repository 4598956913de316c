/** latchkey-config(5): the description of the settings. */
import { defaultOf, type SettingTable, settingsIn, variableOf } from '../../src/config/settings/setting.ts';
import { SETTINGS } from '../../src/config/settings/settings.ts';
import type { Page } from './roff.ts';

export function writeSettings(page: Page, table: SettingTable = SETTINGS): void {
  page
    .heading('Description')
    .paragraph(
      "The server reads /etc/latchkey/config.yaml, or ~/.config/latchkey/config.yaml where it is a user's own. " +
        'It is YAML: a.b stands for b in the section a. An environment variable wins over the file. ' +
        'Unknown keys and bad values are refused, with a line that says what is wanted.',
    )
    .paragraph(
      'A reload (systemctl reload latchkey, or SIGHUP) puts a change into force, but for the settings that say ' +
        'that it needs a restart.',
    )
    .heading('Settings');
  for (const [name, setting] of settingsIn(table)) {
    const sentences = [
      setting.text,
      `Wanted: ${setting.type.wanted}.`,
      `Default: ${JSON.stringify(defaultOf(setting, 'system'))}.`,
      `Variable: ${variableOf(name)}.`,
      ...(setting.reload ? [] : ['A change needs a restart.']),
    ];
    page.item(name, sentences.join(' '));
  }
}
