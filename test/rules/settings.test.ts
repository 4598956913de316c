import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { defaultConfig } from '../../build/package/default-config.ts';
import { Page } from '../../build/package/roff.ts';
import { writeSettings } from '../../build/package/settings-manual.ts';
import { type Config, loadConfig } from '../../src/config/config.ts';
import { waitingForRestart } from '../../src/config/reload.ts';
import { defaultOf } from '../../src/config/settings/setting.ts';
import { integer, size } from '../../src/config/settings/setting-types.ts';
import { SETTING_BY_NAME, SETTINGS } from '../../src/config/settings/settings.ts';
import { configShow } from '../../src/config/show.ts';
import { resolveSettings } from '../../src/config/sources/resolve-settings.ts';

const SELF = { mode: 'self', env: {}, home: '/home/u' } as const;

/** Returns the configuration without a file, in self mode. */
function defaults(): Config {
  return loadConfig({ argv: {}, env: {}, uid: 4_000_000_000, home: SELF.home });
}

function manualPage(table?: Parameters<typeof writeSettings>[1]): string {
  const page = new Page({ name: 'x', section: 5, about: 'x', date: '2026-01-01', version: '1' });
  writeSettings(page, table);
  return `${page}`;
}

describe('a setting is one entry of the table', () => {
  const all = [...SETTING_BY_NAME];
  const names = all.map(([name]) => name);

  test.each(all)('%s has a type, a default, a text and a mark for reload', (_, setting) => {
    expect(Object.keys(setting)).toEqual(['type', 'default', 'text', 'reload']);
    expect(setting.type.expected).toMatch(/^\S.*[^.]$/);
    expect(setting.text).toMatch(/^[A-Z].{10,90}\.$/);
    expect(setting.text).not.toMatch(/^(In|Of|As|That|Those|Whom|What|Whether|How|Who)\b/);
    for (const mode of ['system', 'self'] as const) {
      expect(setting.type.read(defaultOf(setting, mode), { ...SELF, mode }).success).toBe(true);
    }
  });

  test.each(all)('a change of %s waits for a restart only if its entry says so', (name, setting) => {
    const before = defaults();
    const entry = { ...before.entries[name], raw: 'otherwise' };
    const after = { ...before, entries: { ...before.entries, [name]: entry } };
    expect(waitingForRestart(before, after)).toEqual(setting.reload ? [] : [name]);
  });

  test('config show, the manual and the default file have every setting, in the order of the table', () => {
    const lines = configShow(defaults()).lines.slice(1);
    expect(lines.map((line) => line.split(' ')[0])).toEqual(names);
    expect([...manualPage().matchAll(/^\.B (.*)$/gm)].map(([, name]) => name)).toEqual(names);
    expect(defaultConfig().match(/^# *# Value: /gm)).toHaveLength(names.length);
  });
});

describe('a new setting needs nothing but its entry', () => {
  const attempts = { type: integer(1, 9), default: 3, text: 'The most attempts.', reload: false };
  const largest_page = { type: size(1, '1B'), default: '4KiB', text: 'The largest page.', reload: true };
  const table = { ...SETTINGS, log: { ...SETTINGS.log, extra: { attempts } }, fresh: { largest_page } };

  /** Returns the configuration of a file with one line. */
  function resolved(name: string, raw: unknown) {
    return resolveSettings(table, SELF, [new Map([[name, { raw, source: 'file', where: 'file:1' }]])]);
  }

  test('to be a member of the configuration, called after its unit, and to be refused in words', () => {
    const { values } = resolved('fresh.largest_page', '8KiB');
    const numbers: [number, number] = [values.log.extra.attempts, values.fresh.largestPageBytes];
    expect(numbers).toEqual([3, 8192]);
    expect(() => resolved('log.extra.attempts', 0)).toThrow(
      'file:1: log.extra.attempts is the number 0; expected a whole number from 1 to 9. Correct that line',
    );
  });

  test('to be shown', () => {
    const { entries } = resolved('fresh.largest_page', '8KiB');
    const { lines } = configShow({ ...defaults(), entries });
    expect(lines.find((line) => line.startsWith('log.extra.attempts'))).toMatch(/ {2}3 +default$/);
    expect(lines.at(-1)).toMatch(/^fresh\.largest_page +8KiB +file:1$/);
  });

  test('to be in the manual', () => {
    expect(manualPage(table)).toContain(
      '.B log.extra.attempts\nThe most attempts. Value: a whole number from 1 to 9. Default: 3. ' +
        'Environment variable: LATCHKEY_LOG_EXTRA_ATTEMPTS. A change needs a restart.\n',
    );
  });

  test('to be in the default file, where taking off the # sets it', () => {
    const file = defaultConfig(table);
    expect(file).toContain('#    # A change needs a restart.\n#    attempts: 3\n\n#fresh:\n');
    const set = parse(file.replaceAll(/^#( *[a-z_]+:)/gm, '$1'));
    expect(set.log).toEqual({ level: 'info', format: 'auto', extra: { attempts: 3 } });
    expect(set.fresh).toEqual({ largest_page: '4KiB' });
  });
});
