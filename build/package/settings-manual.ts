/** latchkey-config(5): the description of the settings. */
import { defaultOf, type SettingTable, settingsIn, variableOf } from '../../src/config/settings/setting.ts';
import { SETTINGS } from '../../src/config/settings/settings.ts';
import type { Page } from './roff.ts';

export function writeSettings(page: Page, table: SettingTable = SETTINGS): void {
  page
    .heading('Description')
    .paragraph(
      "The server reads /etc/latchkey/config.yaml, or ~/.config/latchkey/config.yaml if it is a user's own server. " +
        'It is YAML: a.b stands for b in the section a. Environment variables take precedence over the file. ' +
        'Unknown keys and invalid values are refused, with a message that says what is expected.',
    )
    .paragraph(
      'A reload (systemctl reload latchkey, or SIGHUP) applies changes, except for settings whose change needs a ' +
        'restart.',
    )
    .heading('Settings');
  for (const [name, setting] of settingsIn(table)) {
    const sentences = [
      setting.text,
      `Value: ${setting.type.expected}.`,
      `Default: ${JSON.stringify(defaultOf(setting, 'system'))}.`,
      `Environment variable: ${variableOf(name)}.`,
      ...(setting.reload ? [] : ['A change needs a restart.']),
    ];
    page.item(name, sentences.join(' '));
  }
}
